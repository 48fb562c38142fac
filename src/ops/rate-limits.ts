import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { Config } from '../config/config.js';
import { InjectConfig } from '../config/config.token.js';
import { sha256 } from '../crypto/digest.js';
import { ToolgateError } from '../errors/toolgate-error.js';
import { addressBlock } from './address-block.js';
import { Counts } from './counts.js';
import { Limiter, Standing } from './limiter.js';

export type LimitName =
  | 'login-account'
  | 'login-address'
  | 'register-address'
  | 'registration-address'
  | 'client-secret'
  | 'user-code'
  | 'device-address';

export interface Counted {
  readonly limit: LimitName;
  /** An e-mail address or a network address, as it came. */
  readonly key: string;
  /** Of a point that was taken: when its window ends, in milliseconds since 1970. */
  readonly windowEnd?: number;
}

/** Counted in Postgres, so that every replica counts the same; keys are digests or address blocks, never e-mail. */
@Injectable()
export class RateLimits implements OnApplicationShutdown {
  private readonly quotas: Readonly<Record<LimitName, number>>;
  private readonly limiters: Readonly<Record<LimitName, Limiter>>;
  private readonly window: number;

  constructor(counts: Counts, @InjectConfig() config: Config) {
    this.window = config.LIMIT_WINDOW;
    this.quotas = {
      'login-account': config.LOGIN_LIMIT_ACCOUNT,
      'login-address': config.LOGIN_LIMIT_ADDRESS,
      'register-address': config.REGISTER_LIMIT_ADDRESS,
      'registration-address': config.REGISTRATION_LIMIT_ADDRESS,
      'client-secret': CLIENT_SECRET_GUESSES,
      'user-code': USER_CODE_GUESSES,
      'device-address': config.REGISTRATION_LIMIT_ADDRESS,
    };
    const limiter = (name: LimitName) =>
      new Limiter(counts, { name, points: this.quotas[name], window: this.window });
    this.limiters = {
      'login-account': limiter('login-account'),
      'login-address': limiter('login-address'),
      'register-address': limiter('register-address'),
      'registration-address': limiter('registration-address'),
      'client-secret': limiter('client-secret'),
      'user-code': limiter('user-code'),
      'device-address': limiter('device-address'),
    };
    this.sweeper = setInterval(() => {
      counts.forgetExpired().catch(() => undefined);
    }, SWEEP_MS).unref();
  }

  private readonly sweeper: NodeJS.Timeout;

  onApplicationShutdown(): void {
    clearInterval(this.sweeper);
  }

  /**
   * Takes one point from each.
   *
   * @returns what was taken, to be given back; and the `RateLimit` headers of the answer (IETF draft-ietf-httpapi-ratelimit-headers).
   * @throws ToolgateError `rate_limited` when one is used up, `unavailable` when it cannot be counted.
   */
  async consume(
    counted: readonly Counted[],
  ): Promise<{ taken: readonly Counted[]; headers: Record<string, string> }> {
    const results = await Promise.all(
      counted.map(async (one) => ({ ...one, ...(await this.consumeOne(one)) })),
    );
    const headers = {
      'RateLimit-Policy': results
        .map(({ limit }) => `"${limit}";q=${this.quotas[limit]};w=${this.window}`)
        .join(', '),
      RateLimit: results.map(({ limit, left, seconds }) => `"${limit}";r=${left};t=${seconds}`).join(', '),
    };
    const exceeded = results.filter((result) => result.exceeded);
    if (exceeded.length === 0) return { taken: results, headers };
    const wait = Math.max(...exceeded.map(({ seconds }) => seconds));
    throw new ToolgateError('rate_limited', {
      detail: `Too many attempts. Try again in ${wait} seconds.`,
      reason: `limit ${exceeded.map(({ limit }) => limit).join(', ')}`,
      headers: { ...headers, 'Retry-After': String(wait) },
    });
  }

  /** What succeeded does not count: the account starts anew, the address gets its point back. */
  async refund(counted: readonly Counted[]): Promise<void> {
    await Promise.all(
      counted.map(async (one) => {
        if (one.limit === 'login-account') await this.limiters[one.limit].delete(storedKey(one));
        else await this.giveOneBack(one);
      }),
    );
  }

  /** What never came to a decision does not count either way. */
  async giveBack(counted: readonly Counted[]): Promise<void> {
    await Promise.all(counted.map((one) => this.giveOneBack(one)));
  }

  private async giveOneBack(one: Counted): Promise<void> {
    await this.limiters[one.limit].giveBack(storedKey(one), one.windowEnd);
  }

  private async consumeOne({ limit, key }: Counted): Promise<ReturnType<typeof told>> {
    try {
      return told((await this.limiters[limit].consume(storedKey({ limit, key }))) as Standing, false);
    } catch (rejection) {
      if (rejection instanceof Standing) return told(rejection, true);
      throw new ToolgateError('unavailable', {
        cause: rejection,
        reason: 'attempts cannot be counted',
        headers: { 'Retry-After': '2' },
      });
    }
  }
}

/** Wrong client secrets per address (spec S17), wrong user codes per person (RFC 8628 section 5.1). */
const CLIENT_SECRET_GUESSES = 50;
const USER_CODE_GUESSES = 10;
const SWEEP_MS = 5 * 60_000;

function told(result: Standing, exceeded: boolean) {
  return {
    windowEnd: result.windowEnd,
    left: Math.max(0, result.remainingPoints),
    seconds: Math.max(1, Math.ceil(result.msBeforeNext / 1000)),
    exceeded,
  };
}

/**
 * Coarser than Postgres's lower(), which finds the account: it makes `i` of `İ` where JavaScript makes two characters.
 * A spelling that finds the same account but counts apart would be a way around the limit.
 */
const folded = (email: string): string =>
  email.normalize('NFKD').replace(/\p{M}/gu, '').toUpperCase().toLowerCase();

function storedKey({ limit, key }: Counted): string {
  if (limit === 'login-account') return sha256(folded(key)).toString('hex');
  return limit === 'user-code' ? key : addressBlock(key);
}
