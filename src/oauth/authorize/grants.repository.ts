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

export interface NewCode {
  readonly digest: Buffer;
  readonly signedInAt: Date;
  readonly expiresAt: Date;
}

/** An earlier consent as it was read. */
export interface FoundGrant extends RememberedGrant {
  readonly id: string;
  readonly updatedAt: Date;
}

const FIND: Statement = {
  name: 'grant-find',
  text: `SELECT id, updated_at AS "updatedAt", scopes, redirect_uris AS "redirectUris" FROM grants
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

/** Has a row where the named query has one, as long as the resource `$4` is known: its removal waits, and ends this with the others. */
export const knownResource = (ifAny: string): string => `
  SELECT FROM resources r, ${ifAny} WHERE r.identifier = $4 FOR KEY SHARE OF r`;

// Who has lost the account meanwhile allows nothing any more.
const issueCode = (granted: string): string => `
    WITH ${livingSession('$2', '$15')}, known AS (${knownResource('session')}
    ), unanswered AS (
      SELECT FROM known WHERE NOT EXISTS (SELECT FROM authorization_codes WHERE request_id = $10)
    ), granted AS (${granted})
    INSERT INTO authorization_codes (digest, request_id, grant_id, user_id, client_id, redirect_uri, code_challenge,
                                     resource, scopes, nonce, signed_in_at, expires_at)
    SELECT $9, $10, id, $2, $3, $7, $11, $4, $6, $12, $13, $14 FROM granted
    ON CONFLICT (request_id) DO NOTHING
    RETURNING digest`;
const ISSUE_CODE: Statement = { name: 'grant-issue-code', text: issueCode(remember('unanswered')) };

// Nobody was asked, so nothing is written, and nothing is given by what was changed or taken back since it was read: $1 was found with
// the scopes $5, changed at $8.
const ISSUE_CODE_AGAIN: Statement = {
  name: 'grant-issue-code-again',
  text: issueCode(`
    SELECT g.id FROM grants g, unanswered WHERE g.id = $1::uuid AND g.scopes = $5::text[]
      AND date_trunc('milliseconds', g.updated_at) = $8::timestamptz AND g.revoked_at IS NULL FOR SHARE OF g`),
};

@Injectable()
export class GrantsRepository {
  constructor(private readonly database: Database) {}

  async find(userId: string, clientId: string, resource: string): Promise<FoundGrant | undefined> {
    return (
      await this.database.query<FoundGrant & Record<string, unknown>>(FIND, [userId, clientId, resource])
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

  /**
   * Remembers a consent and stores its code, both or neither. False when the request already has its code, the sign-in has ended or the
   * resource was removed.
   */
  async issueCode(
    consent: Consent,
    request: AuthorizationRequest,
    code: NewCode,
    now: Date,
  ): Promise<boolean> {
    return this.issue(ISSUE_CODE, [uuidv7(), consent.shown, now], consent, request, code);
  }

  /** Stores a code by an earlier consent, and leaves that as it is. False as above, and when it is not any more what was found. */
  async issueCodeAgain(
    found: FoundGrant,
    consent: Consent,
    request: AuthorizationRequest,
    code: NewCode,
  ): Promise<boolean> {
    return this.issue(ISSUE_CODE_AGAIN, [found.id, found.scopes, found.updatedAt], consent, request, code);
  }

  /** `its`: $1, $5 and $8, which mean something else in each of the two statements. */
  private async issue(
    statement: Statement,
    its: readonly [id: string, scopes: readonly Scope[], time: Date],
    { userId, clientId, resource, chosen, redirectUri, sessionId }: Consent,
    request: AuthorizationRequest,
    code: NewCode,
  ): Promise<boolean> {
    const [id, scopes, time] = its;
    const rows = await this.database.query(statement, [
      id, userId, clientId, resource, scopes, chosen, redirectUri, time, code.digest, request.id,
      request.codeChallenge, request.nonce ?? null, code.signedInAt, code.expiresAt, sessionId,
    ]); // prettier-ignore
    return rows.length === 1;
  }
}
