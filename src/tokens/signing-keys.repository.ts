import { Injectable } from '@nestjs/common';
import type { JWK } from 'jose';
import { Database, type Statement } from '../database/database.js';
import type { Algorithm } from './jws.js';

export interface StoredKey {
  readonly kid: string;
  readonly algorithm: Algorithm;
  readonly state: 'next' | 'active' | 'retired';
  readonly publicJwk: JWK;
  readonly sealedPrivateKey: Buffer;
}

const COLUMNS = `kid, algorithm, state, public_jwk AS "publicJwk", sealed_private_key AS "sealedPrivateKey"`;

const ALL: Statement = {
  name: 'signing-keys',
  text: `SELECT ${COLUMNS} FROM signing_keys ORDER BY created_at`,
};
// Several replicas may start at once: the partial unique indexes let one of them win each state.
const INSERT: Statement = {
  name: 'signing-key-insert',
  text: `INSERT INTO signing_keys (kid, algorithm, state, public_jwk, sealed_private_key, created_at)
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING`,
};
// Two statements, because a unique index is checked row by row: the active place must be empty before it is taken.
const RETIRE: Statement = {
  name: 'signing-key-retire',
  text: `UPDATE signing_keys SET state = 'retired', retired_at = $2 WHERE kid = $1 AND state = 'active' RETURNING kid`,
};
const ACTIVATE: Statement = {
  name: 'signing-key-activate',
  text: `UPDATE signing_keys SET state = 'active'
         WHERE state = 'next' AND NOT EXISTS (SELECT 1 FROM signing_keys WHERE state = 'active') RETURNING kid`,
};
const REMOVE: Statement = {
  name: 'signing-key-remove',
  text: `DELETE FROM signing_keys WHERE state = 'retired' AND retired_at < $1`,
};

@Injectable()
export class SigningKeysRepository {
  constructor(private readonly database: Database) {}

  async all(): Promise<StoredKey[]> {
    return this.database.query<StoredKey>(ALL, []);
  }

  async insert(key: StoredKey, now: Date): Promise<void> {
    const { kid, algorithm, state, publicJwk, sealedPrivateKey } = key;
    await this.database.query(INSERT, [
      kid,
      algorithm,
      state,
      JSON.stringify(publicJwk),
      sealedPrivateKey,
      now,
    ]);
  }

  /** True when `kid` was the active key and this call retired it. */
  async retire(kid: string, now: Date): Promise<boolean> {
    return (await this.database.query(RETIRE, [kid, now])).length === 1;
  }

  async activateNext(): Promise<void> {
    await this.database.query(ACTIVATE, []);
  }

  async removeRetiredBefore(time: Date): Promise<void> {
    await this.database.query(REMOVE, [time]);
  }
}
