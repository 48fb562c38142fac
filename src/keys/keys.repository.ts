import { Injectable } from '@nestjs/common';
import { Database, type Statement } from '../database/database.js';
import { livingSession } from '../database/living-session.js';

/** A key without its secret. */
export interface KeyRecord {
  readonly id: string;
  readonly name: string;
  readonly resource: string;
  readonly scopes: string[];
  readonly allowedCidrs: string[];
  readonly createdAt: Date;
  readonly expiresAt: Date | null;
  readonly rotatedAt: Date | null;
  readonly lastUsedAt: Date | null;
  readonly previousExpiresAt: Date | null;
}

export interface NewKey extends Omit<
  KeyRecord,
  'rotatedAt' | 'lastUsedAt' | 'previousExpiresAt' | 'scopes' | 'allowedCidrs'
> {
  readonly digest: Buffer;
  readonly scopes: readonly string[];
  readonly allowedCidrs: readonly string[];
  readonly by: Maker;
}

/** The session or the key by which somebody makes a secret. Both null: the application around the service does. */
export interface Maker {
  readonly userId: string;
  readonly sessionId: string | null;
  readonly keyId: string | null;
  /** Of the secret that was presented for it. */
  readonly keyDigest: Buffer | null;
}

export interface KeyWithOwner extends KeyRecord {
  readonly userId: string;
  readonly digest: Buffer;
  readonly previousDigest: Buffer | null;
  readonly revokedAt: Date | null;
  readonly ownerScopes: string[];
  readonly ownerDisabledAt: Date | null;
}

const RECORD = `k.id, k.name, k.resource, k.scopes, k.allowed_cidrs AS "allowedCidrs", k.created_at AS "createdAt",
  k.expires_at AS "expiresAt", k.rotated_at AS "rotatedAt", k.last_used_at AS "lastUsedAt",
  k.previous_expires_at AS "previousExpiresAt"`;

/*
 * What makes a secret, a session ($2 of the person $1) or a key ($3, of which $4 is the digest that was presented) must be alive now
 * ($5), however short ago it ended. Both null: the application around the service asks. No secret for who is disabled.
 */
const MAKER = `${livingSession('$1', '$2')},
  maker AS (
    SELECT k.id FROM api_keys k, person WHERE k.id = $3 AND k.user_id = person.id AND k.revoked_at IS NULL
      AND (k.digest = $4 OR (k.previous_digest = $4 AND k.previous_expires_at > $5)) FOR NO KEY UPDATE OF k
  )`;
const IS_ALIVE = `EXISTS (SELECT FROM person) AND ($2::uuid IS NULL OR EXISTS (SELECT FROM session))
  AND ($3::uuid IS NULL OR EXISTS (SELECT FROM maker))`;

// The lock makes the removal of a resource wait, which then ends this key with the others.
const INSERT: Statement = {
  name: 'key-insert',
  text: `WITH ${MAKER}, known AS (SELECT identifier FROM resources WHERE identifier = $6 AND ${IS_ALIVE} FOR KEY SHARE)
         INSERT INTO api_keys AS k (id, user_id, name, digest, resource, scopes, allowed_cidrs, created_at, expires_at)
         SELECT $7, $1, $8, $9, identifier, $10, $11, $5, $12 FROM known RETURNING ${RECORD}`,
};
const LIST: Statement = {
  name: 'key-list',
  text: `SELECT ${RECORD} FROM api_keys k WHERE user_id = $1 AND revoked_at IS NULL ORDER BY created_at DESC, id DESC`,
};
const REVOKE: Statement = {
  name: 'key-revoke',
  text: `UPDATE api_keys SET revoked_at = $3 WHERE id = $1 AND user_id = $2 AND revoked_at IS NULL RETURNING id`,
};
// Without an overlap ($8 null) the old secret is dead at once. A secret from two rotations ago never lives on.
const ROTATE: Statement = {
  name: 'key-rotate',
  text: `WITH ${MAKER}
         UPDATE api_keys k
         SET digest = $7, rotated_at = $5, previous_expires_at = $8,
             previous_digest = CASE WHEN $8::timestamptz IS NULL THEN NULL ELSE digest END
         WHERE id = $6 AND user_id = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $5) AND ${IS_ALIVE}
         RETURNING ${RECORD}`,
};
const FIND: Statement = {
  name: 'key-find',
  text: `SELECT ${RECORD}, k.user_id AS "userId", k.digest, k.previous_digest AS "previousDigest", k.revoked_at AS "revokedAt",
                u.scopes AS "ownerScopes", u.disabled_at AS "ownerDisabledAt"
         FROM api_keys k JOIN users u ON u.id = k.user_id WHERE k.id = $1`,
};
const MARK_USED: Statement = {
  name: 'key-mark-used',
  text: `UPDATE api_keys k SET last_used_at = v.at
         FROM unnest($1::uuid[], $2::timestamptz[]) AS v (id, at)
         WHERE k.id = v.id AND (k.last_used_at IS NULL OR k.last_used_at < v.at)`,
};

const valuesOf = ({ userId, sessionId, keyId, keyDigest }: Maker) => [userId, sessionId, keyId, keyDigest];

@Injectable()
export class KeysRepository {
  constructor(private readonly database: Database) {}

  /** Undefined when its resource, or what makes it, is not there any more. */
  async insert(key: NewKey): Promise<KeyRecord | undefined> {
    const { id, by, name, digest, resource, scopes, allowedCidrs, createdAt, expiresAt } = key;
    const values = [
      ...valuesOf(by), createdAt, resource, id, name, digest, scopes, allowedCidrs, expiresAt,
    ]; // prettier-ignore
    return (await this.database.query<KeyRecord>(INSERT, values))[0];
  }

  async list(userId: string): Promise<KeyRecord[]> {
    return this.database.query<KeyRecord>(LIST, [userId]);
  }

  /** True when this call revoked it. */
  async revoke(id: string, userId: string, now: Date): Promise<boolean> {
    return (await this.database.query(REVOKE, [id, userId, now])).length === 1;
  }

  /** Undefined when the user has no such living key, or what asks is not there any more. */
  async rotate(
    id: string,
    by: Maker,
    digest: Buffer,
    previousUntil: Date | null,
    now: Date,
  ): Promise<KeyRecord | undefined> {
    const values = [...valuesOf(by), now, id, digest, previousUntil];
    return (await this.database.query<KeyRecord>(ROTATE, values))[0];
  }

  async find(id: string): Promise<KeyWithOwner | undefined> {
    return (await this.database.query<KeyWithOwner>(FIND, [id]))[0];
  }

  async markUsed(uses: ReadonlyMap<string, Date>): Promise<void> {
    await this.database.query(MARK_USED, [[...uses.keys()], [...uses.values()]]);
  }
}
