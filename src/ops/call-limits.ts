import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { RateLimiterRes } from './limiter-library.js';
import { ToolgateError } from '../errors/toolgate-error.js';
import { Counts } from './counts.js';
import { Limiter } from './limiter.js';

/** So many calls in so many seconds, counted from the first. */
export interface CallLimit {
  /** What is limited: the key of the count begins with it. */
  readonly name: string;
  readonly calls: number;
  readonly seconds: number;
}

/** Calls taken from the common count and not made yet. */
interface Lease {
  left: number;
  /** By `performance.now()`: then the window ends, and with it the lease. */
  readonly endsAt: number;
}

const MOST_LEASES = 50_000;
/** What one lease takes: a hundredth, so that little is lost where a caller's calls end on another replica. */
const SHARE = 100;

/**
 * Limits of calls that every replica counts together, without a round trip for each: a replica takes calls from the count
 * in Postgres before it lets them be made, a hundredth of the limit at a time. So a limit is never exceeded; what a
 * replica took and nobody used is lost until the window ends, at most a hundredth of the limit per replica.
 */
@Injectable()
export class CallLimits {
  private readonly limiters = new Map<string, Limiter>();
  private readonly leases = new LRUCache<string, Lease>({ max: MOST_LEASES });
  private readonly renewals = new Map<string, Promise<void>>();

  constructor(private readonly counts: Counts) {}

  /**
   * Takes one call. Undefined: taken from what is leased, so that there is nothing to wait for.
   *
   * @throws ToolgateError `rate_limited` when there is none left, `unavailable` when it cannot be counted.
   */
  take(limit: CallLimit, subject: string): Promise<void> | undefined {
    const key = `${limit.name} ${subject}`;
    return this.takeLeased(limit, key) ? undefined : this.takeAnew(limit, key);
  }

  private async takeAnew(limit: CallLimit, key: string): Promise<void> {
    do await this.renew(limit, key);
    while (!this.takeLeased(limit, key));
  }

  /** False: the lease is used up or over. */
  private takeLeased(limit: CallLimit, key: string): boolean {
    const lease = this.leases.get(key);
    const wait = lease ? lease.endsAt - performance.now() : 0;
    if (!lease || wait <= 0 || lease.left === 0) return false;
    if (lease.left === NONE) throw exceeded(limit, Math.max(1, Math.ceil(wait / 1000)));
    lease.left -= 1;
    return true;
  }

  /** Of calls that need a lease at once, one takes it for all. */
  private renew(limit: CallLimit, key: string): Promise<void> {
    let renewal = this.renewals.get(key);
    if (!renewal) {
      renewal = this.lease(limit, key).finally(() => this.renewals.delete(key));
      this.renewals.set(key, renewal);
    }
    return renewal;
  }

  private async lease(limit: CallLimit, key: string): Promise<void> {
    const asked = Math.max(1, Math.floor(limit.calls / SHARE));
    const { consumedPoints, msBeforeNext } = await this.consume(limit, key, asked);
    // What others had taken before; past the limit there is a part of what was asked for, or nothing.
    const granted = Math.min(asked, limit.calls - (consumedPoints - asked));
    this.leases.set(key, { left: granted > 0 ? granted : NONE, endsAt: performance.now() + msBeforeNext });
  }

  private async consume(limit: CallLimit, key: string, points: number): Promise<RateLimiterRes> {
    try {
      return await this.limiterOf(limit).consume(key, points);
    } catch (rejection) {
      if (rejection instanceof RateLimiterRes) return rejection;
      throw new ToolgateError('unavailable', {
        cause: rejection,
        reason: 'calls cannot be counted',
        headers: { 'Retry-After': '2' },
      });
    }
  }

  private limiterOf({ name, calls, seconds }: CallLimit): Limiter {
    let limiter = this.limiters.get(name);
    if (!limiter) {
      limiter = new Limiter(this.counts, { name: 'call', points: calls, window: seconds });
      this.limiters.set(name, limiter);
    }
    return limiter;
  }
}

/** The window has no calls left for anybody. */
const NONE = -1;

export function exceeded({ name, calls, seconds }: CallLimit, wait: number): ToolgateError {
  return new ToolgateError('rate_limited', {
    detail: `Too many calls: ${calls} in ${seconds} seconds are allowed. Try again in ${wait} seconds.`,
    reason: `limit ${name}`,
    headers: { 'Retry-After': String(wait) },
  });
}
