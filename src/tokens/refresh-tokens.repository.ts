import { Injectable } from '@nestjs/common';
import { Clock } from '../crypto/clock.js';
import { Batches } from '../database/batches.js';
import { Database, type Statement } from '../database/database.js';
import { Lifetimes } from './lifetimes.js';
import type { RefreshTokenKey } from './refresh-token.js';

/** What became of a presented refresh token. `replayed` is a retry within the window: it gets the same successor. */
export type RotationOutcome =
  'rotated' | 'replayed' | 'reused' | 'expired' | 'revoked' | 'wrong_resource' | 'unknown';

export interface Rotation {
  readonly outcome: RotationOutcome;
  readonly userId: string;
  readonly sessionId: string;
  readonly clientId: string;
  readonly resource: string;
  readonly sessionScopes: string[];
  readonly userScopes: string[];
}

/*
 * One statement decides and acts for all that are presented at the same time, so that no two callers can both be first:
 *   asked      the tokens of this batch, no two alike, each with the session that it names
 *   sound      those whose session is alive
 *   used       marks each token with which all is well, as nearly always; a second caller waits here and then finds it marked
 *   successor  its digest follows from the one presented, so the primary key keeps it the only one
 *   presented  those that were not marked: the token as it is by now, which the lock makes sure of
 *   judged     why it was not, in order of weight
 *   ended      a token used again after the window ends its session
 * OFFSET, IS NOT DISTINCT FROM and the length (which makes the planner expect one row) keep every plan on one way, however
 * the tables grow: each session by id, its token by session and digest, its person by id; and the same plan for any size of batch.
 * $1 the sessions, $2 presented digests, $3 their successors', $4 the clients that present them: to any other a token is unknown
 * (spec S10), $5 the resources that they ask for, or nulls, $6 now, $7 start of the replay window, $8 idle end of the successors.
 */
const ROTATE: Statement = {
  name: 'refresh-tokens-rotate',
  text: `
    WITH asked AS (
      SELECT * FROM unnest($1::uuid[], $2::bytea[], $3::bytea[], $4::text[], $5::text[]) WITH ORDINALITY
        AS asked (session_id, presented, successor, client_id, resource, place)
      WHERE octet_length(presented) = 32
    ), sound AS (
      SELECT a.place, a.presented, a.successor, s.* FROM asked a, LATERAL (
        SELECT s.id AS session_id, s.user_id, s.client_id, s.resource, s.scopes, s.expires_at, u.scopes AS user_scopes
        FROM sessions s JOIN users u ON u.id = s.user_id
        WHERE s.id = a.session_id AND s.client_id IS NOT DISTINCT FROM a.client_id AND s.expires_at > $6 AND s.revoked_at IS NULL
          AND (a.resource IS NULL OR s.resource = a.resource) AND u.disabled_at IS NULL
        OFFSET 0
      ) s
    ), used AS (
      UPDATE refresh_tokens t SET used_at = $6 FROM sound
      WHERE t.session_id = sound.session_id AND t.digest = sound.presented AND t.used_at IS NULL AND t.expires_at > $6
      RETURNING sound.*
    ), successor AS (
      INSERT INTO refresh_tokens (session_id, digest, issued_at, expires_at)
      SELECT session_id, successor, $6, least($8, expires_at) FROM used
    ), refused AS (
      SELECT * FROM asked WHERE place NOT IN (SELECT place FROM used)
    ), presented AS (
      SELECT a.place, a.resource AS wanted, t.used_at, s.id AS session_id, s.user_id, s.client_id, s.resource, s.scopes,
             s.expires_at, s.revoked_at, u.scopes AS user_scopes, u.disabled_at
      FROM refused a JOIN refresh_tokens t ON t.session_id = a.session_id AND t.digest = a.presented
        JOIN sessions s ON s.id = t.session_id AND s.client_id IS NOT DISTINCT FROM a.client_id
        JOIN users u ON u.id = s.user_id
      FOR NO KEY UPDATE OF t
    ), judged AS (
      SELECT place, CASE
               WHEN revoked_at IS NOT NULL OR disabled_at IS NOT NULL THEN 'revoked'
               WHEN resource <> wanted THEN 'wrong_resource'
               WHEN expires_at <= $6 THEN 'expired'
               WHEN used_at <= $7 THEN 'reused'
               WHEN used_at IS NOT NULL THEN 'replayed'
               ELSE 'expired'
             END AS outcome, session_id, user_id, client_id, resource, scopes, user_scopes
      FROM presented
    ), ended AS (
      UPDATE sessions SET revoked_at = $6, revoked_reason = 'refresh_token_reuse'
      FROM judged WHERE judged.outcome = 'reused' AND sessions.id = judged.session_id
    ), outcomes AS (
      SELECT place, 'rotated' AS outcome, session_id, user_id, client_id, resource, scopes, user_scopes FROM used
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

// By the same way as above, for the same reasons. $1 sessions, $2 digests, $3 now.
const LIVING: Statement = {
  name: 'refresh-tokens-living',
  text: `
    WITH asked AS (
      SELECT * FROM unnest($1::uuid[], $2::bytea[]) WITH ORDINALITY AS asked (session_id, digest, place)
      WHERE octet_length(digest) = 32
    )
    SELECT json_agg(json_build_object(
      'place', a.place, 'sessionId', s.id, 'userId', s.user_id, 'clientId', s.client_id, 'resource', s.resource,
      'scopes', s.scopes, 'issuedAt', floor(extract(epoch FROM t.issued_at)),
      'expiresAt', floor(extract(epoch FROM t.expires_at))
    )) AS living
    FROM asked a JOIN refresh_tokens t ON t.session_id = a.session_id AND t.digest = a.digest, LATERAL (
      SELECT s.* FROM sessions s JOIN users u ON u.id = s.user_id
      WHERE s.id = a.session_id AND s.expires_at > $3 AND s.revoked_at IS NULL AND u.disabled_at IS NULL
      OFFSET 0
    ) s
    WHERE t.used_at IS NULL AND t.expires_at > $3`,
};

const SESSION_OF: Statement = {
  name: 'refresh-token-session',
  text: `SELECT t.session_id AS "sessionId" FROM refresh_tokens t JOIN sessions s ON s.id = t.session_id
         WHERE t.session_id = $1 AND t.digest = $2 AND ($3::text IS NULL OR s.client_id = $3)`,
};

/** A refresh token and who presents it. */
export interface Presented extends RefreshTokenKey {
  readonly successor: Buffer;
  readonly clientId: string;
  readonly resource: string | null;
}

const keyOf = ({ digest }: RefreshTokenKey) => digest.toString('latin1');
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
    keyOf,
    ...MOST_AT_ONCE,
  });
  private readonly lookups = new Batches<RefreshTokenKey, LivingRefreshToken>({
    run: (keys) => this.findAll(keys),
    keyOf,
    ...MOST_AT_ONCE,
  });

  constructor(
    private readonly database: Database,
    private readonly lifetimes: Lifetimes,
    private readonly clock: Clock,
  ) {}

  /** `undefined` for a token nobody issued. */
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
      batch.map(({ successor }) => successor),
      batch.map(({ clientId }) => clientId),
      batch.map(({ resource }) => resource),
      now,
      this.lifetimes.replayWindowStart(now),
      this.lifetimes.idleEnd(now),
    ]);
    return inPlace(row?.rotations, batch.length);
  }

  async sessionOf(
    { sessionId, digest }: RefreshTokenKey,
    clientId: string | null,
  ): Promise<string | undefined> {
    const rows = await this.database.query<{ sessionId: string }>(SESSION_OF, [sessionId, digest, clientId]);
    return rows[0]?.sessionId;
  }
}
