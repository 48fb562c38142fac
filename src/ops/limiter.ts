import type { Count, Counts } from './counts.js';
import { RateLimiterRes, RateLimiterStoreAbstract } from './limiter-library.js';

export interface Quota {
  /** What its keys begin with. */
  readonly name: string;
  readonly points: number;
  /** Seconds, from the first. */
  readonly window: number;
}

/**
 * The library's limiter, with a store of ours that takes to Postgres in one statement what comes at once. The names of the methods
 * are the library's.
 */
export class Limiter extends RateLimiterStoreAbstract {
  constructor(
    private readonly counts: Counts,
    { name, points, window }: Quota,
  ) {
    super({ storeClient: counts, keyPrefix: name, points, duration: window });
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
