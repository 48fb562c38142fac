import { Injectable } from '@nestjs/common';
import { ToolgateError } from '../errors/toolgate-error.js';
import { type Counted, RateLimits } from '../ops/rate-limits.js';
import type { Account } from '../users/users.repository.js';
import { UsersService } from '../users/users.service.js';

export interface Checked {
  readonly user: Account;
  readonly headers: Record<string, string>;
}

/** A person proves who they are by password, over REST or at the pages: one counting of wrong guesses for both. */
@Injectable()
export class PasswordCheck {
  constructor(
    private readonly users: UsersService,
    private readonly limits: RateLimits,
  ) {}

  /**
   * @returns the account, and the `RateLimit` headers of the answer.
   * @throws ToolgateError `invalid_login`, `rate_limited`, `unavailable`
   */
  async check(email: string, password: string, address: string): Promise<Checked> {
    return this.users.inLine(() => this.counted(email, password, address));
  }

  private async counted(email: string, password: string, address: string): Promise<Checked> {
    // Counted before the password is looked at, so that parallel guesses cannot slip past; given back on success.
    const counted: Counted[] = [
      { limit: 'login-account', key: email },
      { limit: 'login-address', key: address },
    ];
    const { taken, headers } = await this.limits.consume(counted);
    const user = await this.looked(email, password, taken);
    await this.limits.refund(taken);
    return { user, headers };
  }

  /** Whom nobody had time for has not guessed: or a storm of logins would lock out those who try again. */
  private async looked(email: string, password: string, counted: readonly Counted[]): Promise<Account> {
    try {
      return await this.users.authenticate(email, password);
    } catch (error) {
      if (error instanceof ToolgateError && error.code === 'unavailable') await this.limits.giveBack(counted);
      throw error;
    }
  }
}
