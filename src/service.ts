import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createApp } from './app.js';
import type { Config } from './config/config.js';
import { startEmbeddedPostgres } from './database/embedded-postgres.js';
import { migrate } from './database/migrate.js';
import { createLogger } from './ops/logging.js';
import { keepMemoryLow } from './ops/memory.js';

/** A database to work on, and how to let go of it. */
export interface OpenDatabase {
  readonly url: string;
  /** For people: where the data is, without credentials. */
  readonly description: string;
  close(): Promise<void>;
}

export interface Service {
  readonly app: NestFastifyApplication;
  readonly database: OpenDatabase;
  /** Finishes what is in flight, then lets go of the database. */
  stop(): Promise<void>;
}

type Progress = (line: string) => void;

/** The database of the configuration: the given one, or an embedded one under DATA_DIR, migrated either way. */
export async function openDatabase(config: Config, progress: Progress): Promise<OpenDatabase> {
  if (config.DATABASE_URL !== undefined) {
    await migrate(config.DATABASE_URL);
    const { hostname, port, pathname } = new URL(config.DATABASE_URL);
    return {
      url: config.DATABASE_URL,
      description: `postgres at ${hostname}:${port || '5432'}${pathname}`,
      close: () => Promise.resolve(),
    };
  }
  const dataDir = resolve(config.DATA_DIR);
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const embedded = await startEmbeddedPostgres({
    directory: join(dataDir, 'postgres'),
    passwordFile: join(dataDir, 'postgres-password'),
    onProgress: progress,
  });
  try {
    await migrate(embedded.url);
  } catch (error) {
    await embedded.stop();
    throw error;
  }
  return {
    url: embedded.url,
    description: `embedded Postgres in ${embedded.dataDirectory}`,
    close: () => embedded.stop(),
  };
}

/** MASTER_KEY, or for local use one made once and kept in DATA_DIR. */
export async function masterKeyOf(config: Config): Promise<Buffer> {
  if (config.masterKey) return config.masterKey;
  const dataDir = resolve(config.DATA_DIR);
  const file = join(dataDir, 'master-key');
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  // `wx`: of two that start at once, one creates the file and both read what it holds.
  await writeFile(file, randomBytes(32).toString('base64'), { flag: 'wx', mode: 0o600 }).catch(
    (error: unknown) => {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    },
  );
  const key = Buffer.from((await readFile(file, 'utf8')).trim(), 'base64');
  if (key.length !== 32)
    throw new Error(`${file} does not hold a master key. Restore it, or remove DATA_DIR to start anew.`);
  return key;
}

/** Starts the whole service and listens. */
export async function startService(
  config: Config,
  progress: Progress,
  logDestination?: { write(line: string): void },
): Promise<Service> {
  const database = await openDatabase(config, progress);
  try {
    const logger = createLogger(config.LOG_LEVEL, logDestination);
    const app = await createApp(config, {
      databaseUrl: database.url,
      masterKey: await masterKeyOf(config),
      logger,
    });
    keepMemoryLow();
    try {
      await app.startAllMicroservices();
      await app.listen(config.PORT, config.HOST);
    } catch (error) {
      await app.close();
      throw error;
    }
    return { app, database, stop: () => stop(app, database, config.SHUTDOWN_GRACE * 1000) };
  } catch (error) {
    await database.close();
    throw error;
  }
}

async function stop(app: NestFastifyApplication, database: OpenDatabase, graceMs: number): Promise<void> {
  const server = app.getHttpServer();
  const impatience = setTimeout(() => {
    server.closeAllConnections();
  }, graceMs);
  try {
    await app.close();
  } finally {
    clearTimeout(impatience);
    await database.close();
  }
}
