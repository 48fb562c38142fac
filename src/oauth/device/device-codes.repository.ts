import { Injectable } from '@nestjs/common';
import { uuidv7 } from '../../crypto/uuid.js';
import { Database, type Statement } from '../../database/database.js';
import { livingSession } from '../../database/living-session.js';
import { firstRefreshToken } from '../../tokens/first-refresh-token.js';
import { type Consent, knownResource, remember } from '../authorize/grants.repository.js';
import type { SessionToOpen } from '../authorize/codes.repository.js';

/** A device's request that waits for a person. */
export interface PendingDevice {
  readonly digest: Buffer;
  readonly clientId: string;
  readonly resource: string;
  readonly scopes: string[];
}

export type PollOutcome =
  'allowed' | 'pending' | 'slow_down' | 'denied' | 'expired' | 'used' | 'wrong_client' | 'revoked';

export interface Poll {
  readonly outcome: PollOutcome;
  readonly userId: string;
  readonly resource: string;
  readonly scopes: string[];
  readonly userScopes: string[];
}

const INSERT: Statement = {
  name: 'device-code-insert',
  text: `INSERT INTO device_codes (digest, user_code_mac, client_id, resource, scopes, state, interval_seconds, expires_at)
         VALUES ($1, $2, $3, $4, $5, 'pending', $6, $7) ON CONFLICT DO NOTHING RETURNING digest`,
};
const PENDING: Statement = {
  name: 'device-code-pending',
  text: `SELECT digest, client_id AS "clientId", resource, scopes FROM device_codes
         WHERE user_code_mac = $1 AND state = 'pending' AND expires_at > $2`,
};
const ALLOW: Statement = {
  name: 'device-code-allow',
  text: `
    WITH ${livingSession('$2', '$10')}, waiting AS (
      SELECT c.digest FROM device_codes c, session WHERE c.digest = $9 AND state = 'pending' AND expires_at > $8 FOR NO KEY UPDATE OF c
    ), known AS (${knownResource('waiting')}
    ), granted AS (${remember('known')})
    UPDATE device_codes SET state = 'allowed', grant_id = granted.id, user_id = $2, scopes = $6
    FROM granted, waiting WHERE device_codes.digest = waiting.digest RETURNING device_codes.digest`,
};
const DENY: Statement = {
  name: 'device-code-deny',
  text: `UPDATE device_codes SET state = 'denied' WHERE digest = $1 AND state = 'pending' RETURNING digest`,
};
// One statement judges the poll and acts on it: of many at once, one gets the tokens (RFC 8628 section 3.5). $1 digest, $2 client,
// $3 session id, $4 now, $5 end of the session, $6 digest of the refresh token or null, $7 of its family, $8 idle end, $9 address,
// $10 user agent.
const POLL: Statement = {
  name: 'device-code-poll',
  text: `
    WITH presented AS (
      SELECT * FROM device_codes WHERE digest = $1 FOR NO KEY UPDATE
    ), person AS (
      SELECT g.id, g.revoked_at, u.disabled_at, u.scopes FROM presented p
      JOIN grants g ON g.id = p.grant_id JOIN users u ON u.id = p.user_id FOR SHARE OF u, g
    ), judged AS (
      SELECT p.*, person.scopes AS user_scopes,
             CASE
               WHEN p.client_id <> $2 THEN 'wrong_client'
               WHEN p.state = 'used' THEN 'used'
               WHEN p.expires_at <= $4 THEN 'expired'
               WHEN p.state = 'denied' THEN 'denied'
               WHEN p.polled_at > $4::timestamptz - make_interval(secs => p.interval_seconds) THEN 'slow_down'
               -- Allowed while this waited for the row: its snapshot has no grant yet, the next poll's has.
               WHEN p.state = 'pending' OR person.id IS NULL THEN 'pending'
               WHEN person.revoked_at IS NOT NULL OR person.disabled_at IS NOT NULL THEN 'revoked'
               ELSE 'allowed'
             END AS outcome
      FROM presented p LEFT JOIN person ON person.id = p.grant_id
    ), opened AS (
      INSERT INTO sessions (id, user_id, client_id, resource, scopes, grant_id, address, user_agent, created_at, expires_at)
      SELECT $3, user_id, client_id, resource, scopes, grant_id, $9, $10, $4, $5 FROM judged WHERE outcome = 'allowed'
      RETURNING *
    ), first_token AS (${firstRefreshToken('judged', '$6', '$7', '$8')}
    ), proven AS (
      UPDATE oauth_clients c SET used_at = $4 FROM opened WHERE c.client_id = $2 AND c.used_at IS NULL
    ), noted AS (
      UPDATE device_codes d
      SET polled_at = $4, state = CASE WHEN judged.outcome = 'allowed' THEN 'used' ELSE judged.state END,
          -- Again, as an allow that this waited for is not in the version of the row that it begins from.
          grant_id = judged.grant_id, user_id = judged.user_id,
          interval_seconds = d.interval_seconds + CASE WHEN judged.outcome = 'slow_down' THEN 5 ELSE 0 END
      FROM judged WHERE d.digest = $1 AND judged.outcome IN ('allowed', 'pending', 'slow_down')
    )
    SELECT outcome, user_id AS "userId", resource, scopes, user_scopes AS "userScopes" FROM judged`,
};
const REAP: Statement = { name: 'device-code-reap', text: `DELETE FROM device_codes WHERE expires_at < $1` };

@Injectable()
export class DeviceCodesRepository {
  constructor(private readonly database: Database) {}

  /** False when the user code is taken: make another. */
  async insert(
    device: PendingDevice & { userCodeMac: Buffer; interval: number; expiresAt: Date },
  ): Promise<boolean> {
    const { digest, userCodeMac, clientId, resource, scopes, interval, expiresAt } = device;
    const values = [digest, userCodeMac, clientId, resource, scopes, interval, expiresAt];
    return (await this.database.query(INSERT, values)).length === 1;
  }

  async pending(userCodeMac: Buffer, now: Date): Promise<PendingDevice | undefined> {
    return (
      await this.database.query<PendingDevice & Record<string, unknown>>(PENDING, [userCodeMac, now])
    )[0];
  }

  /** False when it was answered before, or has expired, or the person's sign-in has ended. */
  async allow(digest: Buffer, consent: Consent, now: Date): Promise<boolean> {
    const { userId, clientId, resource, shown, chosen, redirectUri } = consent;
    const values = [
      uuidv7(),
      userId,
      clientId,
      resource,
      shown,
      chosen,
      redirectUri,
      now,
      digest,
      consent.sessionId,
    ];
    return (await this.database.query(ALLOW, values)).length === 1;
  }

  async deny(digest: Buffer): Promise<boolean> {
    return (await this.database.query(DENY, [digest])).length === 1;
  }

  /** Undefined for a code nobody issued. */
  async poll(digest: Buffer, clientId: string, session: SessionToOpen): Promise<Poll | undefined> {
    const rows = await this.database.query<Poll & Record<string, unknown>>(POLL, [
      digest, clientId, session.id, session.now, session.sessionEnd, session.refreshToken?.digest,
      session.refreshToken?.family, session.idleEnd, session.address, session.userAgent,
    ]); // prettier-ignore
    return rows[0];
  }

  async reapBefore(time: Date): Promise<void> {
    await this.database.query(REAP, [time]);
  }
}
