import { Injectable } from '@nestjs/common';
import { Database, type Statement } from '../database/database.js';

/** An account as the rest of the service sees it: never with its password hash. */
export interface Account {
  readonly id: string;
  readonly email: string;
  readonly name: string | null;
  readonly scopes: readonly string[];
  readonly createdAt: Date;
  readonly disabledAt: Date | null;
  readonly emailVerifiedAt: Date | null;
}

export interface AccountWithPassword extends Account {
  /** Null for who signs in elsewhere alone. */
  readonly passwordHash: string | null;
}

const ACCOUNT = `id, email, name, scopes, created_at AS "createdAt", disabled_at AS "disabledAt",
  email_verified_at AS "emailVerifiedAt"`;

// The unique index on lower(email) decides between two who register at once.
const INSERT: Statement = {
  name: 'user-insert',
  text: `INSERT INTO users (id, email, name, password_hash, scopes, created_at)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (lower(email)) DO NOTHING
         RETURNING ${ACCOUNT}`,
};
const BY_EMAIL: Statement = {
  name: 'user-by-email',
  text: `SELECT ${ACCOUNT}, password_hash AS "passwordHash" FROM users WHERE lower(email) = lower($1)`,
};
const BY_ID: Statement = { name: 'user-by-id', text: `SELECT ${ACCOUNT} FROM users WHERE id = $1` };
const ALL: Statement = { name: 'user-list', text: `SELECT ${ACCOUNT} FROM users ORDER BY created_at, id` };
const REHASH: Statement = {
  name: 'user-rehash',
  text: `UPDATE users SET password_hash = $3 WHERE id = $1 AND password_hash = $2`,
};
// A trigger ends the person's sessions, also that of a login which this had to wait for. Enabling later brings none of them back.
const DISABLE: Statement = {
  name: 'user-disable',
  text: `UPDATE users SET disabled_at = coalesce(disabled_at, $2) WHERE lower(email) = lower($1) RETURNING ${ACCOUNT}`,
};
const ENABLE: Statement = {
  name: 'user-enable',
  text: `UPDATE users SET disabled_at = NULL WHERE lower(email) = lower($1) RETURNING ${ACCOUNT}`,
};
const SET_SCOPES: Statement = {
  name: 'user-set-scopes',
  text: `UPDATE users SET scopes = $2 WHERE lower(email) = lower($1) RETURNING ${ACCOUNT}`,
};

@Injectable()
export class UsersRepository {
  constructor(private readonly database: Database) {}

  /** Undefined when the address is taken, in whatever case it was written. */
  async insert(
    user: Omit<AccountWithPassword, 'disabledAt' | 'emailVerifiedAt'>,
  ): Promise<Account | undefined> {
    const { id, email, name, passwordHash, scopes, createdAt } = user;
    const [row] = await this.database.query<Account>(INSERT, [
      id,
      email,
      name,
      passwordHash,
      scopes,
      createdAt,
    ]);
    return row;
  }

  async findByEmail(email: string): Promise<AccountWithPassword | undefined> {
    return (await this.database.query<AccountWithPassword>(BY_EMAIL, [email]))[0];
  }

  async findById(id: string): Promise<Account | undefined> {
    return (await this.database.query<Account>(BY_ID, [id]))[0];
  }

  async list(): Promise<Account[]> {
    return this.database.query<Account>(ALL, []);
  }

  /** Only replaces the hash it was computed against: a password changed meanwhile stays changed. */
  async rehash(id: string, from: string, to: string): Promise<void> {
    await this.database.query(REHASH, [id, from, to]);
  }

  async disable(email: string, now: Date): Promise<Account | undefined> {
    return (await this.database.query<Account>(DISABLE, [email, now]))[0];
  }

  async enable(email: string): Promise<Account | undefined> {
    return (await this.database.query<Account>(ENABLE, [email]))[0];
  }

  async setScopes(email: string, scopes: readonly string[]): Promise<Account | undefined> {
    return (await this.database.query<Account>(SET_SCOPES, [email, scopes]))[0];
  }
}
