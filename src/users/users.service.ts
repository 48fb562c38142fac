import { Injectable } from '@nestjs/common';
import { uuidv7 } from '../crypto/uuid.js';
import type { Config } from '../config/config.js';
import { InjectConfig } from '../config/config.token.js';
import { Clock } from '../crypto/clock.js';
import { randomToken } from '../crypto/digest.js';
import { HashThreadLost } from '../crypto/hash-thread.js';
import { HashQueueFull, PasswordHasher } from '../crypto/password-hasher.js';
import { ToolgateError } from '../errors/toolgate-error.js';
import { type Account, UsersRepository } from './users.repository.js';

const LATER = { 'Retry-After': '2' };

/** Answers 503 where the hashing queue is full, and where there is no thread to hash in. */
async function orOverloaded<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof HashQueueFull)
      throw new ToolgateError('unavailable', { reason: error.message, headers: LATER });
    if (error instanceof HashThreadLost)
      throw new ToolgateError('unavailable', { reason: error.message, cause: error, headers: LATER });
    throw error;
  }
}

@Injectable()
export class UsersService {
  /** Verified against when nobody has the address, so that both answers take the same time. */
  private decoy: string | undefined;

  constructor(
    private readonly users: UsersRepository,
    private readonly hasher: PasswordHasher,
    private readonly clock: Clock,
    @InjectConfig() private readonly config: Config,
  ) {}

  /**
   * Around all that leads to a password being looked at. In a storm of logins most must be turned away, and whoever is must
   * cost next to nothing: no attempt counted, no statement.
   *
   * @throws ToolgateError `unavailable`, and what `work` throws.
   */
  async inLine<T>(work: () => Promise<T>): Promise<T> {
    return orOverloaded(this.hasher.inLine(work));
  }

  /** @throws ToolgateError `weak_password`, `email_taken`, `unavailable` */
  async register(request: { email: string; password: string; name?: string | undefined }): Promise<Account> {
    const { email, password, name } = request;
    const known = [email, ...email.split(/[@.]/), ...(name ? [name] : [])];
    const judged = await orOverloaded(this.hasher.hashStrong(password, known));
    if (typeof judged !== 'string')
      throw new ToolgateError('weak_password', { members: { advice: judged.advice } });
    const account = await this.users.insert({
      id: uuidv7(),
      email,
      name: name ?? null,
      passwordHash: judged,
      scopes: this.config.DEFAULT_USER_SCOPES,
      createdAt: this.clock.now(),
    });
    if (!account) throw new ToolgateError('email_taken');
    return account;
  }

  /**
   * The account behind an address and its password. Unknown, wrong and disabled are one answer in the same time.
   *
   * @throws ToolgateError `invalid_login`, `unavailable`
   */
  async authenticate(email: string, password: string): Promise<Account> {
    // Whoever comes first waits for it, whether or not there is such an account.
    this.decoy ??= await orOverloaded(this.hasher.hash(randomToken()));
    const user = await this.users.findByEmail(email);
    const stored = user?.passwordHash ?? this.decoy;
    const matches = await orOverloaded(this.hasher.matches(stored, password));
    if (!user) throw new ToolgateError('invalid_login', { reason: 'no such account' });
    const about = { userId: user.id };
    if (!matches) throw new ToolgateError('invalid_login', { reason: 'wrong password', about });
    if (user.disabledAt) throw new ToolgateError('invalid_login', { reason: 'account disabled', about });
    if (this.hasher.isOutdated(stored)) {
      await this.users.rehash(user.id, stored, await orOverloaded(this.hasher.hash(password)));
    }
    const { passwordHash: _, ...account } = user;
    return account;
  }

  async find(id: string): Promise<Account | undefined> {
    return this.users.findById(id);
  }
}
