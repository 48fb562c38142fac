import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { Config } from '../config/config.js';
import { InjectConfig } from '../config/config.token.js';
import { Clock } from '../crypto/clock.js';
import { SessionsRepository } from './sessions.repository.js';

const INTERVAL_MS = 10 * 60_000;
/** Ended sessions stay this long, so that a late reuse of a refresh token is still told from an unknown one. */
const KEPT_DAYS = 7;

/** Removes sessions long ended, a few at a time; any number of replicas may do so at once. */
@Injectable()
export class SessionReaper implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly log = new Logger(SessionReaper.name);
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly sessions: SessionsRepository,
    private readonly clock: Clock,
    @InjectConfig() private readonly config: Config,
  ) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => {
      this.reap().catch((error: unknown) => {
        this.log.warn(`ended sessions could not be removed: ${String(error)}`);
      });
    }, INTERVAL_MS).unref();
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
  }

  /** How many sessions were removed. */
  async reap(): Promise<number> {
    const kept = Math.max(KEPT_DAYS * 86_400, 2 * this.config.ACCESS_TOKEN_TTL);
    return this.sessions.reapEndedBefore(new Date(this.clock.now().getTime() - kept * 1000));
  }
}
