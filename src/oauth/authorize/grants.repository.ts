import { Injectable } from '@nestjs/common';
import { uuidv7 } from '../../crypto/uuid.js';
import type { Scope } from '../../access/scopes.js';
import { Database, type Statement } from '../../database/database.js';
import { livingSession } from '../../database/living-session.js';
import type { AuthorizationRequest } from './authorization-request.js';
import type { RememberedGrant } from './decision.js';

export interface ListedGrant extends RememberedGrant {
  readonly id: string;
  readonly clientId: string;
  readonly clientName: string | null;
  readonly resource: string;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** A consent about to be written down. */
export interface Consent {
  readonly userId: string;
  /** The sign-in of the browser in which they said so. */
  readonly sessionId: string;
  readonly clientId: string;
  readonly resource: string;
  /** What was shown, and what was left ticked of it. */
  readonly shown: readonly Scope[];
  readonly chosen: readonly Scope[];
  readonly redirectUri: string | null;
}

const FIND: Statement = {
  name: 'grant-find',
  text: `SELECT scopes, redirect_uris AS "redirectUris" FROM grants
         WHERE user_id = $1 AND client_id = $2 AND resource = $3 AND revoked_at IS NULL`,
};
const LIST: Statement = {
  name: 'grant-list',
  text: `SELECT g.id, g.client_id AS "clientId", c.metadata->>'client_name' AS "clientName", g.resource, g.scopes,
                g.redirect_uris AS "redirectUris", g.created_at AS "createdAt", g.updated_at AS "updatedAt"
         FROM grants g LEFT JOIN oauth_clients c ON c.client_id = g.client_id
         WHERE g.user_id = $1 AND g.revoked_at IS NULL ORDER BY g.updated_at DESC`,
};
// Two statements: the first waits for a code that is just being redeemed, the second then sees the session it opened.
const REVOKE: Statement = {
  name: 'grant-revoke',
  text: `UPDATE grants SET revoked_at = $3 WHERE id = $1 AND user_id = $2 AND revoked_at IS NULL RETURNING id`,
};
const END_SESSIONS: Statement = {
  name: 'grant-end-sessions',
  text: `UPDATE sessions SET revoked_at = $2, revoked_reason = 'grant_revoked'
         WHERE grant_id = $1 AND revoked_at IS NULL RETURNING id`,
};

/*
 * What was shown and unticked is forgotten, what was not shown stays, what was ticked is added. $1 new id, $2 user,
 * $3 client, $4 resource, $5 shown, $6 chosen, $7 redirect URI or null, $8 now. Nothing is remembered where the named query
 * has no row: a form sent again must not bring back what was revoked meanwhile.
 */
export const remember = (ifAny: string): string => `
  INSERT INTO grants (id, user_id, client_id, resource, scopes, redirect_uris, created_at, updated_at)
  SELECT $1::uuid, $2::uuid, $3::text, $4::text, $6::text[], array_remove(ARRAY[$7::text], NULL), $8::timestamptz, $8::timestamptz
  FROM ${ifAny}
  ON CONFLICT (user_id, client_id, resource) WHERE revoked_at IS NULL DO UPDATE
  SET scopes = ARRAY(SELECT unnest(grants.scopes) EXCEPT SELECT unnest($5::text[]) UNION SELECT unnest($6::text[])),
      redirect_uris = ARRAY(SELECT unnest(grants.redirect_uris) UNION SELECT unnest(excluded.redirect_uris)),
      updated_at = $8
  RETURNING id`;

// Who has lost the account meanwhile allows nothing any more.
const ISSUE_CODE: Statement = {
  name: 'grant-issue-code',
  text: `
    WITH ${livingSession('$2', '$15')}, unanswered AS (
      SELECT FROM session WHERE NOT EXISTS (SELECT FROM authorization_codes WHERE request_id = $10)
    ), granted AS (${remember('unanswered')})
    INSERT INTO authorization_codes (digest, request_id, grant_id, user_id, client_id, redirect_uri, code_challenge,
                                     resource, scopes, nonce, signed_in_at, expires_at)
    SELECT $9, $10, id, $2, $3, $7, $11, $4, $6, $12, $13, $14 FROM granted
    ON CONFLICT (request_id) DO NOTHING
    RETURNING digest`,
};

@Injectable()
export class GrantsRepository {
  constructor(private readonly database: Database) {}

  async find(userId: string, clientId: string, resource: string): Promise<RememberedGrant | undefined> {
    return (
      await this.database.query<RememberedGrant & Record<string, unknown>>(FIND, [userId, clientId, resource])
    )[0];
  }

  async list(userId: string): Promise<ListedGrant[]> {
    return this.database.query<ListedGrant & Record<string, unknown>>(LIST, [userId]);
  }

  /** The sessions that ended with it; undefined when this user has no such grant. */
  async revoke(id: string, userId: string, now: Date): Promise<string[] | undefined> {
    return this.database.transaction(async (query) => {
      if ((await query(REVOKE, [id, userId, now])).length === 0) return undefined;
      return (await query<{ id: string }>(END_SESSIONS, [id, now])).map((session) => session.id);
    });
  }

  /** Remembers a consent and stores its code, both or neither. False when the request already has its code, or the sign-in has ended. */
  async issueCode(
    consent: Consent,
    request: AuthorizationRequest,
    code: { digest: Buffer; signedInAt: Date; expiresAt: Date },
    now: Date,
  ): Promise<boolean> {
    const { userId, clientId, resource, shown, chosen, redirectUri } = consent;
    const rows = await this.database.query(ISSUE_CODE, [
      uuidv7(), userId, clientId, resource, shown, chosen, redirectUri, now, code.digest, request.id,
      request.codeChallenge, request.nonce ?? null, code.signedInAt, code.expiresAt, consent.sessionId,
    ]); // prettier-ignore
    return rows.length === 1;
  }
}
