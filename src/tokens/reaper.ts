import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { Config } from '../config/config.js';
import { InjectConfig } from '../config/config.token.js';
import { Clock } from '../crypto/clock.js';
import { secondsAfter } from './lifetimes.js';
import { ReapingRepository } from './reaping.repository.js';

const INTERVAL_MS = 60_000;
/** Ended sessions and used refresh tokens stay this long, so that a late reuse is still told from an unknown token. */
const KEPT_SECONDS = 7 * 86_400;
/** Most tokens are used within a day of their issue. Of the few that are not, each goes with its session. */
const USED_WITHIN = 86_400;

/**
 * Removes sessions long ended, and of living ones the refresh tokens long used: a few at a time until none is left. Any
 * number of replicas may do so at once.
 */
@Injectable()
export class SessionReaper implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly log = new Logger(SessionReaper.name);
  private timer: NodeJS.Timeout | undefined;
  private stopped = false;
  /** Refresh tokens issued until then were looked at. */
  private lookedAt = new Date(0);

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

  /** How many sessions and refresh tokens of living sessions were removed. */
  async reap(): Promise<{ sessions: number; superseded: number }> {
    const now = this.clock.now();
    const past = 2 * this.config.ACCESS_TOKEN_TTL;
    const kept = secondsAfter(now, -Math.max(KEPT_SECONDS, past));
    const sessions =
      (await this.untilNone(() => this.rows.expired(kept))) +
      (await this.untilNone(() => this.rows.revoked(kept))) +
      // Nothing but an access token hangs from a client's own session.
      (await this.untilNone(() => this.rows.ofClients(secondsAfter(now, -past))));
    await this.rows.removals(kept);
    return { sessions, superseded: await this.superseded(kept) };
  }

  private async superseded(kept: Date): Promise<number> {
    let removed = 0;
    while (!this.stopped) {
      const batch = await this.rows.superseded(this.lookedAt, secondsAfter(kept, -USED_WITHIN), kept);
      removed += batch.removed;
      if (!batch.lastIssued) break;
      this.lookedAt = batch.lastIssued;
    }
    return removed;
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
