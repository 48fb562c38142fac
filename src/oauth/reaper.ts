import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { Config } from '../config/config.js';
import { InjectConfig } from '../config/config.token.js';
import { Clock } from '../crypto/clock.js';
import { secondsAfter } from '../tokens/lifetimes.js';
import { CodesRepository } from './authorize/codes.repository.js';
import { AssertionsRepository } from './clients/assertions.repository.js';
import { ClientsRepository } from './clients/clients.repository.js';
import { DeviceCodesRepository } from './device/device-codes.repository.js';

const INTERVAL_MS = 10 * 60_000;
/** A used code stays this long, so that a late copy of it is still told from an unknown one. */
const KEPT_SECONDS = 86_400;

/** Removes what has had its time: codes, spent assertions, clients that never completed a grant (clients rule 4). */
@Injectable()
export class OauthReaper implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly log = new Logger(OauthReaper.name);
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly codes: CodesRepository,
    private readonly devices: DeviceCodesRepository,
    private readonly assertions: AssertionsRepository,
    private readonly clients: ClientsRepository,
    private readonly clock: Clock,
    @InjectConfig() private readonly config: Config,
  ) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => {
      this.reap().catch((error: unknown) => {
        this.log.warn(`outlived OAuth records could not be removed: ${String(error)}`);
      });
    }, INTERVAL_MS).unref();
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
  }

  /** How many clients were removed. */
  async reap(): Promise<number> {
    const now = this.clock.now();
    await this.codes.reapBefore(secondsAfter(now, -KEPT_SECONDS));
    await this.devices.reapBefore(secondsAfter(now, -KEPT_SECONDS));
    await this.assertions.reapBefore(now);
    return this.clients.reapUnusedBefore(secondsAfter(now, -this.config.REGISTRATION_UNUSED_TTL));
  }
}
