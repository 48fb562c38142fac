import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { Config } from '../config/config.js';
import { InjectConfig } from '../config/config.token.js';
import { Clock } from '../crypto/clock.js';
import { secondsAfter } from './lifetimes.js';
import { ReapingRepository } from './reaping.repository.js';

const INTERVAL_MS = 60_000;
/** Ended sessions stay this long. */
const KEPT_SECONDS = 7 * 86_400;

/**
 * Removes sessions long ended with what hangs from them, a few at a time until none is left. Any number of replicas may do so at
 * once.
 */
@Injectable()
export class SessionReaper implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly log = new Logger(SessionReaper.name);
  private timer: NodeJS.Timeout | undefined;
  private stopped = false;

  constructor(
    private readonly rows: ReapingRepository,
    private readonly clock: Clock,
    @InjectConfig() private readonly config: Config,
  ) {}

  onApplicationBootstrap(): void {
    this.schedule();
  }

  onApplicationShutdown(): void {
    this.stopped = true;
    clearTimeout(this.timer);
  }

  /** How many sessions were removed. */
  async reap(): Promise<number> {
    const now = this.clock.now();
    const past = 2 * this.config.ACCESS_TOKEN_TTL;
    const kept = secondsAfter(now, -Math.max(KEPT_SECONDS, past));
    const sessions =
      (await this.untilNone(() => this.rows.expired(kept))) +
      (await this.untilNone(() => this.rows.revoked(kept))) +
      // Nothing but an access token hangs from a client's own session.
      (await this.untilNone(() => this.rows.ofClients(secondsAfter(now, -past))));
    await this.rows.removals(kept);
    return sessions;
  }

  private async untilNone(removeSome: () => Promise<number>): Promise<number> {
    let removed = 0;
    for (let some = 1; some > 0 && !this.stopped; removed += some) some = await removeSome();
    return removed;
  }

  private schedule(): void {
    this.timer = setTimeout(() => {
      this.reap()
        .catch((error: unknown) => {
          this.log.warn(`ended sessions could not be removed: ${String(error)}`);
        })
        .finally(() => {
          if (!this.stopped) this.schedule();
        });
    }, INTERVAL_MS).unref();
  }
}
