import { Injectable } from '@nestjs/common';
import { Database, type Statement } from '../../database/database.js';
import { firstRefreshToken } from '../../tokens/first-refresh-token.js';
import type { RefreshTokenKey } from '../../tokens/refresh-token.js';

/** What became of a presented code. Only `replayed` is proof of a copy: everything else about it was right. */
export type RedemptionOutcome =
  | 'redeemed'
  | 'replayed'
  | 'concurrent'
  | 'wrong_client'
  | 'wrong_redirect'
  | 'wrong_verifier'
  | 'wrong_resource'
  | 'expired'
  | 'revoked';

export interface Redemption {
  readonly outcome: RedemptionOutcome;
  readonly endedSessionId: string | null;
  readonly userId: string;
  readonly email: string;
  readonly emailVerified: boolean;
  readonly name: string | null;
  readonly resource: string;
  readonly scopes: string[];
  readonly userScopes: string[];
  readonly nonce: string | null;
  readonly signedInAt: Date;
}

export interface PresentedCode {
  readonly digest: Buffer;
  readonly clientId: string;
  readonly redirectUri: string | null;
  readonly challenge: string;
  readonly resource: string | null;
}

/** The session that the code is to become. */
export interface SessionToOpen {
  readonly id: string;
  readonly now: Date;
  readonly sessionEnd: Date;
  /** Null: this client takes no refresh tokens. */
  readonly refreshToken: RefreshTokenKey | null;
  readonly idleEnd: Date;
  readonly address: string | null;
  readonly userAgent: string | null;
}

/*
 * One statement decides and acts: the row lock lets one caller be first, and the others see what it wrote. A second use
 * with everything right ends the session of the first (RFC 6749 section 4.1.2, spec S12), in a statement after it; one sent within
 * the same two seconds is the client's own retry and only refused. A session that this statement's snapshot does not see yet is younger.
 * The grant and the user are locked too: who revokes either waits, and then finds the session that was opened.
 * $1 digest, $2 client, $3 redirect URI or null, $4 challenge of the presented verifier, $5 resource or null, $6 session id,
 * $7 now, $8 end of the session, $9 digest of the refresh token or null, $10 of its family, $11 idle end, $12 address,
 * $13 user agent.
 */
const REDEEM: Statement = {
  name: 'authorization-code-redeem',
  text: `
    WITH presented AS (
      SELECT c.*, g.revoked_at AS grant_revoked_at, u.disabled_at, u.email, u.email_verified_at, u.name, u.scopes AS user_scopes
      FROM authorization_codes c JOIN grants g ON g.id = c.grant_id JOIN users u ON u.id = c.user_id
      WHERE c.digest = $1 FOR NO KEY UPDATE OF c FOR SHARE OF u, g
    ), judged AS (
      SELECT p.*, p.email_verified_at IS NOT NULL AS email_verified,
             CASE
               WHEN p.client_id <> $2 THEN 'wrong_client'
               WHEN p.redirect_uri <> $3::text THEN 'wrong_redirect'
               WHEN p.code_challenge <> $4 THEN 'wrong_verifier'
               WHEN p.resource <> $5::text THEN 'wrong_resource'
               WHEN p.session_id IS NOT NULL AND (s.id IS NULL OR s.created_at > $7::timestamptz - interval '2 seconds')
                 THEN 'concurrent'
               WHEN p.session_id IS NOT NULL THEN 'replayed'
               WHEN p.expires_at <= $7 THEN 'expired'
               WHEN p.grant_revoked_at IS NOT NULL OR p.disabled_at IS NOT NULL THEN 'revoked'
               ELSE 'redeemed'
             END AS outcome
      FROM presented p LEFT JOIN sessions s ON s.id = p.session_id
    ), opened AS (
      INSERT INTO sessions (id, user_id, client_id, resource, scopes, grant_id, address, user_agent, created_at, expires_at)
      SELECT $6, user_id, client_id, resource, scopes, grant_id, $12, $13, $7, $8 FROM judged WHERE outcome = 'redeemed'
      RETURNING *
    ), used AS (
      UPDATE authorization_codes c SET session_id = opened.id FROM opened WHERE c.digest = $1
    ), first_token AS (${firstRefreshToken('presented p', '$9', '$10', '$11')}
    ), proven AS (
      UPDATE oauth_clients c SET used_at = $7 FROM opened WHERE c.client_id = $2 AND c.used_at IS NULL
    )
    SELECT outcome, session_id AS "endedSessionId", user_id AS "userId", email, email_verified AS "emailVerified", name,
           resource, scopes, user_scopes AS "userScopes", nonce, signed_in_at AS "signedInAt"
    FROM judged`,
};
// By itself, as it hardly ever is: within the other statement Postgres looked through all sessions for it, as long as they were few.
const END_REPLAYED: Statement = {
  name: 'authorization-code-end-replayed',
  text: `UPDATE sessions SET revoked_at = $2, revoked_reason = 'code_replayed' WHERE id = $1 AND revoked_at IS NULL`,
};
const REAP: Statement = {
  name: 'authorization-code-reap',
  text: `DELETE FROM authorization_codes WHERE expires_at < $1`,
};

@Injectable()
export class CodesRepository {
  constructor(private readonly database: Database) {}

  /** Undefined for a code nobody issued. */
  async redeem(code: PresentedCode, session: SessionToOpen): Promise<Redemption | undefined> {
    const [redemption] = await this.database.query<Redemption & Record<string, unknown>>(REDEEM, [
      code.digest, code.clientId, code.redirectUri, code.challenge, code.resource, session.id, session.now,
      session.sessionEnd, session.refreshToken?.digest, session.refreshToken?.family, session.idleEnd, session.address,
      session.userAgent,
    ]); // prettier-ignore
    if (redemption?.outcome === 'replayed')
      await this.database.query(END_REPLAYED, [redemption.endedSessionId, session.now]);
    return redemption;
  }

  async reapBefore(time: Date): Promise<void> {
    await this.database.query(REAP, [time]);
  }
}
