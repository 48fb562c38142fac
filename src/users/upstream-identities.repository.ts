import { Injectable } from '@nestjs/common';
import { uuidv7 } from '../crypto/uuid.js';
import { Database, type Statement } from '../database/database.js';

/** Who a provider says has signed in. */
export interface UpstreamPerson {
  readonly provider: string;
  readonly subject: string;
  /** Null when the provider names no usable one. */
  readonly email: string | null;
  readonly emailVerified: boolean;
  readonly name: string | null;
}

/** `taken_over`: someone had registered the address without ever proving it. */
export type SettledOutcome =
  'known' | 'linked' | 'taken_over' | 'created' | 'address_taken' | 'no_address' | 'disabled';

export interface Settled {
  readonly outcome: SettledOutcome;
  /** Null when nobody may sign in. */
  readonly userId: string | null;
  /** Sessions and keys that ended with a takeover. */
  readonly ended: readonly string[];
}

/*
 * One statement finds, links, takes over or makes the account (docs/adr/0005): the lock on the account and two unique
 * indexes decide between sign-ins at once; who loses gets no row, and asks again. Only an address proven on both sides joins two accounts. On one that nobody
 * proved, whoever made it may be a squatter: all by which they could come back goes, other identities too.
 * $1 provider, $2 subject, $3 e-mail or null, $4 whether it is verified, $5 new id, $6 name or null, $7 scopes, $8 now.
 */
const SETTLE: Statement = {
  name: 'upstream-identity-settle',
  text: `
    WITH known AS (
      SELECT u.id, u.disabled_at IS NOT NULL AS disabled
      FROM upstream_identities i JOIN users u ON u.id = i.user_id WHERE i.provider = $1 AND i.subject = $2
    ), existing AS (
      SELECT id, email_verified_at IS NOT NULL AS proven, disabled_at IS NOT NULL AS disabled FROM users
      WHERE lower(email) = lower($3::text) AND NOT EXISTS (SELECT FROM known) FOR UPDATE
    ), judged AS (
      SELECT id, CASE WHEN disabled THEN 'disabled' ELSE 'known' END AS outcome FROM known
      UNION ALL
      SELECT id, CASE
          WHEN NOT $4::boolean THEN 'address_taken'
          WHEN disabled THEN 'disabled'
          WHEN proven THEN 'linked'
          ELSE 'taken_over'
        END FROM existing
      UNION ALL
      SELECT $5::uuid, CASE WHEN $3::text IS NULL THEN 'no_address' ELSE 'created' END
      WHERE NOT EXISTS (SELECT FROM known) AND NOT EXISTS (SELECT FROM existing)
    ), created AS (
      INSERT INTO users (id, email, name, password_hash, email_verified_at, scopes, created_at)
      SELECT id, $3, $6::text, NULL, CASE WHEN $4 THEN $8::timestamptz END, $7::text[], $8
      FROM judged WHERE outcome = 'created' ON CONFLICT (lower(email)) DO NOTHING RETURNING id
    ), taken AS (
      UPDATE users SET password_hash = NULL, email_verified_at = $8
      WHERE id IN (SELECT id FROM judged WHERE outcome = 'taken_over') RETURNING id
    ), unlinked AS (
      DELETE FROM upstream_identities WHERE user_id IN (SELECT id FROM taken)
    ), linked AS (
      INSERT INTO upstream_identities (provider, subject, user_id, created_at)
      SELECT $1, $2, id, $8 FROM judged WHERE outcome IN ('linked', 'taken_over')
      UNION ALL SELECT $1, $2, id, $8 FROM created
      ON CONFLICT (provider, subject) DO NOTHING RETURNING user_id
    ), proven_since AS (
      UPDATE users SET email_verified_at = $8
      WHERE id IN (SELECT id FROM judged WHERE outcome = 'known')
        AND $4 AND email_verified_at IS NULL AND lower(email) = lower($3)
    )
    SELECT outcome,
           CASE WHEN outcome IN ('known', 'linked', 'taken_over', 'created') THEN id END AS "userId"
    FROM judged
    WHERE outcome NOT IN ('linked', 'taken_over', 'created') OR EXISTS (SELECT FROM linked)`,
};

// After it, so that they see what SETTLE had to wait for; grants before sessions, as who takes a grant back does. $1 user, $2 now.
const END_GRANTS: Statement = {
  name: 'upstream-identity-end-grants',
  text: `UPDATE grants SET revoked_at = $2 WHERE user_id = $1 AND revoked_at IS NULL`,
};
const END_ALL: Statement = {
  name: 'upstream-identity-end-all',
  text: `
    WITH sessions_ended AS (
      UPDATE sessions SET revoked_at = $2, revoked_reason = 'account_taken_over'
      WHERE user_id = $1 AND revoked_at IS NULL RETURNING id
    ), keys_ended AS (
      UPDATE api_keys SET revoked_at = $2 WHERE user_id = $1 AND revoked_at IS NULL RETURNING id
    )
    SELECT id FROM sessions_ended UNION ALL SELECT id FROM keys_ended`,
};

const TRIES = 5;

/** Of two at once, the other was first: nothing of this one must stay. */
class OtherWasFirst extends Error {}

@Injectable()
export class UpstreamIdentitiesRepository {
  constructor(private readonly database: Database) {}

  /** The account of this person. Who loses a race to another first sign-in or registration sees its result. */
  async settle(person: UpstreamPerson, scopes: readonly string[], now: Date): Promise<Settled> {
    const { provider, subject, email, emailVerified, name } = person;
    for (let attempt = 1; attempt <= TRIES; attempt += 1) {
      const values = [provider, subject, email, emailVerified, uuidv7(), name, scopes, now];
      const settling = this.database.transaction(async (query): Promise<Settled> => {
        const [row] = await query<Omit<Settled, 'ended'>>(SETTLE, values);
        if (!row) throw new OtherWasFirst();
        if (row.outcome !== 'taken_over') return { ...row, ended: [] };
        await query(END_GRANTS, [row.userId, now]);
        const ended = await query<{ id: string }>(END_ALL, [row.userId, now]);
        return { ...row, ended: ended.map(({ id }) => id) };
      });
      try {
        return await settling;
      } catch (error) {
        if (!(error instanceof OtherWasFirst)) throw error;
      }
    }
    throw new Error('an upstream identity could not be settled');
  }
}
