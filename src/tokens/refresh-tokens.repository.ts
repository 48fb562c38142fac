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
 *   used       marks the token when all is well, which is nearly always; a second caller waits here and then finds it marked
 *   successor  its digest follows from $1, so the primary key keeps it the only one
 *   presented  when nothing was marked: the token as it is by now, which the lock makes sure of
 *   judged     why it was not, in order of weight
 *   ended      a token used again after the window ends its session
 * $1 presented digest, $2 successor digest, $3 now, $4 start of the replay window, $5 idle end of the successor,
 * $6 the client that presents it: to any other the token is unknown (spec S10), $7 the resource it asks for, or null.
 */
const ROTATE: Statement = {
  name: 'refresh-token-rotate',
  text: `
    WITH used AS (
      UPDATE refresh_tokens t SET used_at = $3
      FROM sessions s JOIN users u ON u.id = s.user_id
      WHERE t.digest = $1 AND t.used_at IS NULL AND t.expires_at > $3
        AND s.id = t.session_id AND s.client_id = $6 AND s.expires_at > $3 AND s.revoked_at IS NULL
        AND ($7::text IS NULL OR s.resource = $7) AND u.disabled_at IS NULL
      RETURNING s.id AS session_id, s.user_id, s.client_id, s.resource, s.scopes, s.expires_at, u.scopes AS user_scopes
    ), successor AS (
      INSERT INTO refresh_tokens (digest, session_id, issued_at, expires_at)
      SELECT $2, session_id, $3, least($5, expires_at) FROM used
    ), presented AS (
      SELECT t.used_at, s.id AS session_id, s.user_id, s.client_id, s.resource, s.scopes, s.expires_at, s.revoked_at,
             u.scopes AS user_scopes, u.disabled_at
      FROM refresh_tokens t JOIN sessions s ON s.id = t.session_id JOIN users u ON u.id = s.user_id
      WHERE t.digest = $1 AND s.client_id = $6 AND NOT EXISTS (SELECT FROM used)
      FOR NO KEY UPDATE OF t
    ), judged AS (
      SELECT CASE
               WHEN revoked_at IS NOT NULL OR disabled_at IS NOT NULL THEN 'revoked'
               WHEN resource <> $7 THEN 'wrong_resource'
               WHEN expires_at <= $3 THEN 'expired'
               WHEN used_at <= $4 THEN 'reused'
               WHEN used_at IS NOT NULL THEN 'replayed'
               ELSE 'expired'
             END AS outcome, session_id, user_id, client_id, resource, scopes, user_scopes
      FROM presented
    ), ended AS (
      UPDATE sessions SET revoked_at = $3, revoked_reason = 'refresh_token_reuse'
      FROM judged WHERE judged.outcome = 'reused' AND sessions.id = judged.session_id
    ), outcomes AS (
      SELECT 'rotated' AS outcome, session_id, user_id, client_id, resource, scopes, user_scopes FROM used
      UNION ALL SELECT * FROM judged
    )
    SELECT json_build_object(
      'outcome', outcome, 'userId', user_id, 'sessionId', session_id, 'clientId', client_id, 'resource', resource,
      'sessionScopes', scopes, 'userScopes', user_scopes
    ) AS rotation FROM outcomes`,
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
    return (await this.database.query<{ rotation: Rotation }>(ROTATE, values))[0]?.rotation;
  }

  async sessionOf(digest: Buffer, clientId: string | null): Promise<string | undefined> {
    return (await this.database.query<{ sessionId: string }>(SESSION_OF, [digest, clientId]))[0]?.sessionId;
  }
}
