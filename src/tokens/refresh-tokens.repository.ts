import { Injectable } from '@nestjs/common';
import { Clock } from '../crypto/clock.js';
import { Batches } from '../database/batches.js';
import { Database, type Statement } from '../database/database.js';
import { Lifetimes } from './lifetimes.js';
import type { RefreshTokenKey } from './refresh-token.js';

/** What became of a presented refresh token. `replayed` is a retry within the window: it gets the same successor. */
export type RotationOutcome = 'rotated' | 'replayed' | 'reused' | 'expired' | 'wrong_resource' | 'unknown';

export interface Rotation {
  readonly outcome: RotationOutcome;
  readonly userId: string;
  readonly sessionId: string;
  readonly clientId: string;
  readonly resource: string;
  readonly sessionScopes: string[];
  readonly userScopes: string[];
}

/** So many of the tokens used last are known one by one; an older one is a reuse, however short ago it was used. */
const RETRIED = 8;

/*
 * One statement decides and acts for all that are presented at the same time, so that no two callers can both be first:
 *   asked      the tokens of this batch, each of another session, which it names
 *   rotated    puts the successor in the place of each token with which all is well, as nearly always; a second caller waits
 *              here and then finds another token in its place
 *   presented  those that were not: the row of their session as it is by now, which the locks make sure of. The lock of the
 *              session comes first, as for all who end one, whose trigger then removes this row
 *   judged     why it was not, in order of weight. The row of a session that ended is gone: its tokens are unknown
 *   ended      a token used again after the window or that is older than those known, or that a holder made up, ends its session
 * The length makes the planner expect one row, whatever the array, so that it keeps one plan: each row by its session's id.
 * $1 the sessions, $2 presented digests, $3 their families', $4 their successors', $5 the clients that present them: to any other a
 * token is unknown (spec S10), $6 the resources that they ask for, or nulls, $7 now, $8 start of the replay window, $9 idle end of
 * the successors.
 */
const ROTATE: Statement = {
  name: 'refresh-tokens-rotate',
  text: `
    WITH asked AS (
      SELECT * FROM unnest($1::uuid[], $2::bytea[], $3::bytea[], $4::bytea[], $5::text[], $6::text[]) WITH ORDINALITY
        AS asked (session_id, presented, family, successor, client_id, wanted, place)
      WHERE octet_length(presented) = 32
    ), rotated AS (
      UPDATE refresh_tokens t
      SET family_digest = a.family, digest = a.successor, issued_at = $7, expires_at = least($9, t.session_expires_at),
          used = (array_prepend(t.digest, CASE WHEN t.used_at[1] > $8 THEN t.used END))[:${RETRIED}],
          used_at = (array_prepend($7, CASE WHEN t.used_at[1] > $8 THEN t.used_at END))[:${RETRIED}]
      FROM asked a
      WHERE t.session_id = a.session_id AND t.digest = a.presented AND t.client_id = a.client_id AND t.expires_at > $7
        AND (a.wanted IS NULL OR t.resource = a.wanted)
      RETURNING a.place, t.session_id, t.user_id, t.client_id, t.resource, t.scopes, t.user_scopes
    ), refused AS (
      SELECT * FROM asked WHERE place NOT IN (SELECT place FROM rotated)
    ), presented AS (
      SELECT a.place, a.presented, a.wanted, t.*
      FROM refused a JOIN sessions s ON s.id = a.session_id JOIN refresh_tokens t ON t.session_id = s.id
      WHERE t.client_id = a.client_id AND (t.family_digest = a.family OR t.digest = a.presented)
      FOR NO KEY UPDATE OF s, t
    ), judged AS (
      SELECT place, CASE
               WHEN resource <> wanted THEN 'wrong_resource'
               WHEN session_expires_at <= $7 OR digest = presented THEN 'expired'
               WHEN used_at[array_position(used, presented)] > $8 THEN 'replayed'
               ELSE 'reused'
             END AS outcome, session_id, user_id, client_id, resource, scopes, user_scopes
      FROM presented
    ), ended AS (
      UPDATE sessions SET revoked_at = $7, revoked_reason = 'refresh_token_reuse'
      FROM judged WHERE judged.outcome = 'reused' AND sessions.id = judged.session_id
    ), outcomes AS (
      SELECT place, 'rotated' AS outcome, session_id, user_id, client_id, resource, scopes, user_scopes FROM rotated
      UNION ALL SELECT * FROM judged
    )
    SELECT json_agg(json_build_object(
      'place', place, 'outcome', outcome, 'userId', user_id, 'sessionId', session_id, 'clientId', client_id,
      'resource', resource, 'sessionScopes', scopes, 'userScopes', user_scopes
    )) AS rotations FROM outcomes`,
};

/** A refresh token that could be used now. Times in seconds since 1970. */
export interface LivingRefreshToken {
  readonly sessionId: string;
  readonly userId: string;
  readonly clientId: string;
  readonly resource: string;
  readonly scopes: string[];
  readonly issuedAt: number;
  readonly expiresAt: number;
}

// One plan for all sizes, as above. $1 sessions, $2 digests, $3 now.
const LIVING: Statement = {
  name: 'refresh-tokens-living',
  text: `
    WITH asked AS (
      SELECT * FROM unnest($1::uuid[], $2::bytea[]) WITH ORDINALITY AS asked (session_id, digest, place)
      WHERE octet_length(digest) = 32
    )
    SELECT json_agg(json_build_object(
      'place', a.place, 'sessionId', t.session_id, 'userId', t.user_id, 'clientId', t.client_id, 'resource', t.resource,
      'scopes', t.scopes, 'issuedAt', floor(extract(epoch FROM t.issued_at)),
      'expiresAt', floor(extract(epoch FROM t.expires_at))
    )) AS living
    FROM asked a JOIN refresh_tokens t ON t.session_id = a.session_id AND t.digest = a.digest AND t.expires_at > $3`,
};

const SESSION_OF: Statement = {
  name: 'refresh-token-session',
  text: `SELECT session_id AS "sessionId" FROM refresh_tokens
         WHERE session_id = $1 AND (family_digest = $2 OR digest = $3) AND ($4::text IS NULL OR client_id = $4)`,
};

/** A refresh token and who presents it. */
export interface Presented extends RefreshTokenKey {
  readonly successor: Buffer;
  readonly clientId: string;
  readonly resource: string | null;
}

const MOST_AT_ONCE = { most: 64, atOnce: 4 };

/** What was found, at the places of what was asked for. */
function inPlace<Row extends { place: number }>(found: Row[] | null | undefined, count: number) {
  const answers = new Array<Row | undefined>(count);
  for (const row of found ?? []) answers[row.place - 1] = row;
  return answers;
}

@Injectable()
export class RefreshTokensRepository {
  private readonly rotations = new Batches<Presented, Rotation>({
    run: (batch) => this.rotateAll(batch),
    keyOf: ({ sessionId }) => sessionId,
    ...MOST_AT_ONCE,
  });
  private readonly lookups = new Batches<RefreshTokenKey, LivingRefreshToken>({
    run: (keys) => this.findAll(keys),
    ...MOST_AT_ONCE,
  });

  constructor(
    private readonly database: Database,
    private readonly lifetimes: Lifetimes,
    private readonly clock: Clock,
  ) {}

  /** `undefined` for a token nobody issued, or of a session that has ended. */
  async rotate(presented: Presented): Promise<Rotation | undefined> {
    return this.rotations.add(presented);
  }

  /** `undefined` for one that is used, expired or ended, or that nobody issued. */
  async living(key: RefreshTokenKey): Promise<LivingRefreshToken | undefined> {
    return this.lookups.add(key);
  }

  private async findAll(keys: readonly RefreshTokenKey[]): Promise<(LivingRefreshToken | undefined)[]> {
    type Row = LivingRefreshToken & { place: number };
    const [row] = await this.database.query<{ living: Row[] | null }>(LIVING, [
      keys.map(({ sessionId }) => sessionId),
      keys.map(({ digest }) => digest),
      this.clock.now(),
    ]);
    return inPlace(row?.living, keys.length);
  }

  private async rotateAll(batch: readonly Presented[]): Promise<(Rotation | undefined)[]> {
    const now = this.clock.now();
    const [row] = await this.database.query<{ rotations: (Rotation & { place: number })[] | null }>(ROTATE, [
      batch.map(({ sessionId }) => sessionId),
      batch.map(({ digest }) => digest),
      batch.map(({ family }) => family),
      batch.map(({ successor }) => successor),
      batch.map(({ clientId }) => clientId),
      batch.map(({ resource }) => resource),
      now,
      this.lifetimes.replayWindowStart(now),
      this.lifetimes.idleEnd(now),
    ]);
    return inPlace(row?.rotations, batch.length);
  }

  /** Of any token of a session that has not ended, used or not, or made up by who had one. */
  async sessionOf(
    { sessionId, family, digest }: RefreshTokenKey,
    clientId: string | null,
  ): Promise<string | undefined> {
    const values = [sessionId, family, digest, clientId];
    const rows = await this.database.query<{ sessionId: string }>(SESSION_OF, values);
    return rows[0]?.sessionId;
  }
}
