import { Injectable } from '@nestjs/common';
import { Database, type Statement } from '../database/database.js';

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
  readonly userId: string;
  readonly digest: Buffer;
  readonly scopes: readonly string[];
  readonly allowedCidrs: readonly string[];
  /** The session or the key that makes it. Both null: the application around the service does. */
  readonly bySession: string | null;
  readonly byKey: string | null;
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

// The locks make who removes the resource, or ends all that is the person's, wait, and then end this key with the others. Nobody makes
// one by a session ($10) or a key ($11) that has ended, however short ago.
const INSERT: Statement = {
  name: 'key-insert',
  text: `WITH known AS (SELECT identifier FROM resources WHERE identifier = $5 FOR KEY SHARE),
           session AS (SELECT FROM sessions WHERE id = $10 AND revoked_at IS NULL FOR SHARE),
           maker AS (SELECT FROM api_keys WHERE id = $11 AND revoked_at IS NULL FOR SHARE)
         INSERT INTO api_keys AS k (id, user_id, name, digest, resource, scopes, allowed_cidrs, created_at, expires_at)
         SELECT $1, $2, $3, $4, identifier, $6, $7, $8, $9 FROM known
         WHERE ($10::uuid IS NULL OR EXISTS (SELECT FROM session)) AND ($11::uuid IS NULL OR EXISTS (SELECT FROM maker))
         RETURNING ${RECORD}`,
};
const LIST: Statement = {
  name: 'key-list',
  text: `SELECT ${RECORD} FROM api_keys k WHERE user_id = $1 AND revoked_at IS NULL ORDER BY created_at DESC, id DESC`,
};
const REVOKE: Statement = {
  name: 'key-revoke',
  text: `UPDATE api_keys SET revoked_at = $3 WHERE id = $1 AND user_id = $2 AND revoked_at IS NULL RETURNING id`,
};
// Without an overlap ($4 null) the old secret is dead at once. A secret from two rotations ago never lives on.
const ROTATE: Statement = {
  name: 'key-rotate',
  text: `UPDATE api_keys k
         SET digest = $3, rotated_at = $5, previous_expires_at = $4,
             previous_digest = CASE WHEN $4::timestamptz IS NULL THEN NULL ELSE digest END
         WHERE id = $1 AND user_id = $2 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $5)
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

@Injectable()
export class KeysRepository {
  constructor(private readonly database: Database) {}

  /** Undefined when its resource, or what makes it, is not there any more. */
  async insert(key: NewKey): Promise<KeyRecord | undefined> {
    const {
      id,
      userId,
      name,
      digest,
      resource,
      scopes,
      allowedCidrs,
      createdAt,
      expiresAt,
      bySession,
      byKey,
    } = key;
    const values = [
      id, userId, name, digest, resource, scopes, allowedCidrs, createdAt, expiresAt, bySession, byKey,
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

  /** Undefined when the user has no such living key. */
  async rotate(
    id: string,
    userId: string,
    digest: Buffer,
    previousUntil: Date | null,
    now: Date,
  ): Promise<KeyRecord | undefined> {
    return (await this.database.query<KeyRecord>(ROTATE, [id, userId, digest, previousUntil, now]))[0];
  }

  async find(id: string): Promise<KeyWithOwner | undefined> {
    return (await this.database.query<KeyWithOwner>(FIND, [id]))[0];
  }

  async markUsed(uses: ReadonlyMap<string, Date>): Promise<void> {
    await this.database.query(MARK_USED, [[...uses.keys()], [...uses.values()]]);
  }
}
