import { RateLimiterPostgres, RateLimiterRes } from 'rate-limiter-flexible';
import type { Count, Counts } from './counts.js';

export interface Quota {
  /** What its keys begin with. */
  readonly name: string;
  readonly points: number;
  /** Seconds, from the first. */
  readonly window: number;
}

/**
 * The library's limiter, which asks the store in these two ways only, with counts that come at once in one statement. The names of
 * the methods are the library's.
 */
export class Limiter extends RateLimiterPostgres {
  constructor(
    private readonly counts: Counts,
    { name, points, window }: Quota,
  ) {
    super({
      storeClient: counts,
      storeType: 'client',
      tableCreated: true,
      clearExpiredByTimeout: false,
      keyPrefix: name,
      points,
      duration: window,
    });
  }

  async _upsert(key: string, points: number, milliseconds: number, forced: boolean): Promise<Count> {
    if (forced) throw new Error('no key is ever blocked or set');
    return this.counts.change({ key, points, expire: Date.now() + milliseconds });
  }

  async _delete(key: string): Promise<boolean> {
    await this.counts.forget(key);
    return true;
  }

  _getRateLimiterRes(_key: string, changed: number, { points, expire }: Count): RateLimiterRes {
    const untilEnd = Math.max(0, expire - Date.now());
    return new RateLimiterRes(Math.max(0, this.points - points), untilEnd, points, points === changed);
  }
}
