import type { Count, Counts } from './counts.js';
import { RateLimiterRes, RateLimiterStoreAbstract } from './limiter-library.js';

export interface Quota {
  /** What its keys begin with. */
  readonly name: string;
  readonly points: number;
  /** Seconds, from the first. */
  readonly window: number;
}

/** Where a key stands, and in which window. */
export class Standing extends RateLimiterRes {
  constructor(quota: number, { points, expire }: Count, first: boolean) {
    super(Math.max(0, quota - points), Math.max(0, expire - Date.now()), points, first);
    this.windowEnd = expire;
  }

  /** Milliseconds since 1970. */
  readonly windowEnd: number;
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

  /** A point that was taken in the window that ends then; undefined: in the one that is running. */
  async giveBack(key: string, windowEnd: number | undefined): Promise<void> {
    await this.counts.giveBack({ key: this.getKey(key), windowEnd });
  }

  async _upsert(key: string, points: number, milliseconds: number, forced: boolean): Promise<Count> {
    if (forced || points < 0) throw new Error('no key is ever blocked, set or rewarded');
    return this.counts.take({ key, points, expire: Date.now() + milliseconds });
  }

  async _delete(key: string): Promise<boolean> {
    await this.counts.forget(key);
    return true;
  }

  _getRateLimiterRes(_key: string, changed: number, count: Count): Standing {
    return new Standing(this.points, count, count.points === changed);
  }
}
