import { Injectable } from '@nestjs/common';
import { Database, type Statement } from '../database/database.js';
import { firstRefreshToken } from './first-refresh-token.js';
import { openedBy, type Proof, valuesOf } from './proven-person.js';
import type { RefreshTokenKey } from './refresh-token.js';

export interface NewSession {
  readonly id: string;
  readonly userId: string;
  readonly clientId: string;
  readonly resource: string;
  readonly scopes: readonly string[];
  readonly address: string | null;
  readonly userAgent: string | null;
  readonly createdAt: Date;
  readonly expiresAt: Date;
}

export interface EndedSession {
  readonly sessionId: string;
  /** Null for a client's own. */
  readonly userId: string | null;
  readonly clientId: string;
}

export interface LiveSession extends Omit<NewSession, 'userId'> {
  readonly lastUsedAt: Date;
}

// The session and its first refresh token are born together. No session for whom the account was taken from meanwhile.
const openBy = openedBy(
  { name: 'session-open', provider: '$13', subject: '$14' },
  (person) => `
    WITH person AS (${person}), opened AS (
      INSERT INTO sessions (id, user_id, client_id, resource, scopes, address, user_agent, created_at, expires_at)
      SELECT $1, id, $3, $4, $5, $6, $7, $8, $9 FROM person RETURNING *
    )${firstRefreshToken('person', '$10', '$11', '$12')}`,
);

// When a session was last used is when its refresh token was issued: no column to keep up to date.
const LIVE: Statement = {
  name: 'session-list',
  text: `
    SELECT s.id, s.client_id AS "clientId", s.resource, s.scopes, host(s.address) AS address, s.user_agent AS "userAgent",
           s.created_at AS "createdAt", s.expires_at AS "expiresAt",
           coalesce(t.issued_at, s.created_at) AS "lastUsedAt"
    FROM sessions s LEFT JOIN refresh_tokens t ON t.session_id = s.id
    WHERE s.user_id = $1 AND s.revoked_at IS NULL AND s.expires_at > $2
      AND (t.expires_at > $2 OR EXISTS (SELECT 1 FROM browser_logins b WHERE b.session_id = s.id))
    ORDER BY s.created_at DESC`,
};

const REVOKE: Statement = {
  name: 'session-revoke',
  text: `
    UPDATE sessions SET revoked_at = $3, revoked_reason = $4
    WHERE id = $1 AND ($2::uuid IS NULL OR user_id = $2) AND revoked_at IS NULL
    RETURNING id AS "sessionId", user_id AS "userId", client_id AS "clientId"`,
};

// The row is there to be heard of by the other replicas, and leaves when the token would have expired anyway.
const END_OF_CLIENT: Statement = {
  name: 'session-end-of-client',
  text: `
    INSERT INTO sessions (id, client_id, resource, scopes, created_at, expires_at, revoked_at, revoked_reason)
    VALUES ($1, $2, $3, '{}', $4, $5, $6, 'revoked_by_client')
    ON CONFLICT (id) DO UPDATE SET revoked_at = excluded.revoked_at, revoked_reason = excluded.revoked_reason
    WHERE sessions.revoked_at IS NULL
    RETURNING id AS "sessionId", user_id AS "userId", client_id AS "clientId"`,
};

/** The one token of a client's own session, which has no row while it lives. */
export interface ClientToken {
  readonly sessionId: string;
  readonly clientId: string;
  readonly resource: string;
  readonly issuedAt: Date;
  readonly expiresAt: Date;
}

@Injectable()
export class SessionsRepository {
  constructor(private readonly database: Database) {}

  /** False when the user was disabled, or lost the proof, in the meantime. */
  async open(
    session: NewSession,
    { digest, family }: RefreshTokenKey,
    idleEnd: Date,
    proof: Proof,
  ): Promise<boolean> {
    const { id, userId, clientId, resource, scopes, address, userAgent, createdAt, expiresAt } = session;
    const rows = await this.database.query(openBy(proof), [
      id, userId, clientId, resource, scopes, address, userAgent, createdAt, expiresAt, digest, family,
      idleEnd, ...valuesOf(proof),
    ]); // prettier-ignore
    return rows.length === 1;
  }

  async live(userId: string, now: Date): Promise<LiveSession[]> {
    return this.database.query<LiveSession>(LIVE, [userId, now]);
  }

  /** What this call ended; with `userId`, only a session of that user. */
  async revoke(
    id: string,
    userId: string | null,
    reason: string,
    now: Date,
  ): Promise<EndedSession | undefined> {
    return (await this.database.query<EndedSession>(REVOKE, [id, userId, now, reason]))[0];
  }

  async endOfClient(
    { sessionId, clientId, resource, issuedAt, expiresAt }: ClientToken,
    now: Date,
  ): Promise<EndedSession | undefined> {
    const values = [sessionId, clientId, resource, issuedAt, expiresAt, now];
    return (await this.database.query<EndedSession>(END_OF_CLIENT, values))[0];
  }
}
