import { Injectable } from '@nestjs/common';
import { Database, type Statement } from '../database/database.js';

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
 * One statement decides and acts, so that no two callers can both be first:
 *   presented  locks the token and its session; a waiter sees what the one before it committed
 *   judged     what the rows say, in order of weight
 *   used, successor, ended  act on that judgement and on nothing else
 * $1 presented digest, $2 successor digest, $3 now, $4 start of the replay window, $5 idle end of the successor,
 * $6 the client that presents it: to any other the token is unknown (spec S10), $7 the resource it asks for, or null.
 */
const ROTATE: Statement = {
  name: 'refresh-token-rotate',
  text: `
    WITH presented AS (
      SELECT t.used_at, t.expires_at, s.id AS session_id, s.user_id, s.client_id, s.resource, s.scopes,
             s.expires_at AS session_expires_at, s.revoked_at
      FROM refresh_tokens t JOIN sessions s ON s.id = t.session_id
      WHERE t.digest = $1 AND s.client_id = $6
      FOR NO KEY UPDATE OF t, s
    ), judged AS (
      SELECT p.*, u.scopes AS user_scopes,
             CASE
               WHEN p.revoked_at IS NOT NULL OR u.disabled_at IS NOT NULL THEN 'revoked'
               WHEN p.resource <> $7::text THEN 'wrong_resource'
               WHEN p.session_expires_at <= $3 THEN 'expired'
               WHEN p.used_at <= $4 THEN 'reused'
               WHEN p.used_at IS NOT NULL THEN 'replayed'
               WHEN p.expires_at <= $3 THEN 'expired'
               ELSE 'rotated'
             END AS outcome
      FROM presented p JOIN users u ON u.id = p.user_id
    ), used AS (
      UPDATE refresh_tokens SET used_at = $3
      FROM judged WHERE judged.outcome = 'rotated' AND digest = $1
    ), successor AS (
      INSERT INTO refresh_tokens (digest, session_id, parent_digest, issued_at, expires_at)
      SELECT $2, session_id, $1, $3, least($5, session_expires_at) FROM judged WHERE outcome = 'rotated'
    ), ended AS (
      UPDATE sessions SET revoked_at = $3, revoked_reason = 'refresh_token_reuse'
      FROM judged WHERE judged.outcome = 'reused' AND sessions.id = judged.session_id
    )
    SELECT outcome, user_id AS "userId", session_id AS "sessionId", client_id AS "clientId", resource,
           scopes AS "sessionScopes", user_scopes AS "userScopes"
    FROM judged`,
};

const SESSION_OF: Statement = {
  name: 'refresh-token-session',
  text: `SELECT t.session_id AS "sessionId" FROM refresh_tokens t JOIN sessions s ON s.id = t.session_id
         WHERE t.digest = $1 AND ($2::text IS NULL OR s.client_id = $2)`,
};

@Injectable()
export class RefreshTokensRepository {
  constructor(private readonly database: Database) {}

  /** `undefined` for a token nobody issued. */
  async rotate(
    presented: Buffer,
    successor: Buffer,
    times: { now: Date; windowStart: Date; idleEnd: Date },
    by: { clientId: string; resource: string | null },
  ): Promise<Rotation | undefined> {
    const { now, windowStart, idleEnd } = times;
    const values = [presented, successor, now, windowStart, idleEnd, by.clientId, by.resource];
    return (await this.database.query<Rotation>(ROTATE, values))[0];
  }

  async sessionOf(digest: Buffer, clientId: string | null): Promise<string | undefined> {
    return (await this.database.query<{ sessionId: string }>(SESSION_OF, [digest, clientId]))[0]?.sessionId;
  }
}
