import { Logger } from '@nestjs/common';
import type { DiscoveryService } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance } from 'fastify';
import { assembleApp, makeReady } from '../app.js';
import type { Config } from '../config/config.js';
import { mountedConfig } from '../config/mounted-settings.js';
import { createLogger } from '../ops/logging.js';
import { masterKeyOf, type OpenDatabase, openDatabase } from '../service.js';
import { HostLog } from './host-log.js';
import type { ServiceOptions } from './options.js';
import { requireOptional } from './own-paths.js';
import { Takeover } from './takeover.js';

/** The application around the service, as far as it is needed. */
export interface Host {
  readonly providers: DiscoveryService;
  /** Absent where nothing listens: an application context. */
  readonly fastify: FastifyInstance | undefined;
}

/** The service within another application: its life, from the migrations to the last request. */
export class MountedService {
  private drained: () => void = () => undefined;
  private readonly hostDrained = new Promise<void>((resolve) => {
    this.drained = resolve;
  });
  private closing: Promise<void> | undefined;

  private constructor(
    readonly app: NestFastifyApplication,
    readonly config: Config,
    private readonly database: OpenDatabase,
    private readonly takeover: Takeover | undefined,
  ) {
    // The application's server answers what is in flight before its shutdown hooks run; until then the service is whole.
    app
      .getHttpAdapter()
      .getInstance()
      .addHook('preClose', async () => this.hostDrained);
  }

  static async start(options: ServiceOptions, host: Host): Promise<MountedService> {
    const { settings, except = [] } = options;
    const config = mountedConfig(settings);
    requireOptional(except);
    const log = new Logger('Toolgate');
    const database = await openDatabase(config, (line) => {
      log.log(line);
    });
    let app: NestFastifyApplication | undefined;
    try {
      app = await assembleApp(config, {
        databaseUrl: database.url,
        masterKey: await masterKeyOf(config),
        logger: createLogger(config.LOG_LEVEL, new HostLog()),
        host: host.providers,
      });
      const takeover = host.fastify && new Takeover(app.getHttpAdapter().getInstance(), host.fastify, except);
      return new MountedService(app, config, database, takeover);
    } catch (error) {
      await app?.close();
      await database.close();
      throw error;
    }
  }

  async begin(): Promise<void> {
    await makeReady(this.app, this.config);
    await this.app.startAllMicroservices();
    this.takeover?.begin();
  }

  /** New requests are refused and streams end; what is in flight has SHUTDOWN_GRACE to finish. */
  beginClosing(): void {
    this.closing ??= this.close();
    // Whoever awaits the end is told.
    this.closing.catch(() => undefined);
  }

  /** Lets go of the database. To be called when the application's server has ended. */
  async end(): Promise<void> {
    this.beginClosing();
    this.drained();
    await this.closing;
  }

  private async close(): Promise<void> {
    const impatience = setTimeout(() => this.takeover?.cut(), this.config.SHUTDOWN_GRACE * 1000);
    try {
      await this.app.close();
    } finally {
      clearTimeout(impatience);
      await this.database.close();
    }
  }
}
