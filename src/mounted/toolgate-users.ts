import type { Scope } from '../access/scopes.js';
import { Clock } from '../crypto/clock.js';
import { ToolgateError } from '../errors/toolgate-error.js';
import { type Account, UsersRepository } from '../users/users.repository.js';
import { UsersService } from '../users/users.service.js';
import type { MountedService } from './mounted-service.js';

/** Accounts, for the application around the service. It has the rights of an operator: who may ask is its own business. */
export class ToolgateUsers {
  private readonly users: UsersService;
  private readonly accounts: UsersRepository;
  private readonly clock: Clock;

  constructor({ app }: MountedService) {
    this.users = app.get(UsersService);
    this.accounts = app.get(UsersRepository);
    this.clock = app.get(Clock);
  }

  /** @throws ToolgateError `weak_password`, `email_taken`, `unavailable` */
  async create(user: { email: string; password: string; name?: string }): Promise<Account> {
    return this.users.inLine(() => this.users.register(user));
  }

  async find(id: string): Promise<Account | undefined> {
    return this.users.find(id);
  }

  /** What the person may do from now on. @throws ToolgateError `not_found` */
  async setScopes(email: string, scopes: readonly Scope[]): Promise<Account> {
    return found(await this.accounts.setScopes(email, scopes));
  }

  /** Ends every session of theirs; their keys are good for nothing until they are enabled again. @throws ToolgateError `not_found` */
  async disable(email: string): Promise<Account> {
    return found(await this.accounts.disable(email, this.clock.now()));
  }

  /** @throws ToolgateError `not_found` */
  async enable(email: string): Promise<Account> {
    return found(await this.accounts.enable(email));
  }
}

function found(account: Account | undefined): Account {
  if (!account) throw new ToolgateError('not_found');
  return account;
}
