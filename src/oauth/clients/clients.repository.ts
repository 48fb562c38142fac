import { Injectable } from '@nestjs/common';
import type { Config } from '../../config/config.js';
import { InjectConfig } from '../../config/config.token.js';
import { Database, type Statement } from '../../database/database.js';
import { RecentlyRead } from '../../database/recently-read.js';
import type { Client, ClientMetadata } from './client.js';

export interface NewClient extends Client {
  readonly source: 'registered' | 'configured';
  readonly registrationTokenDigest: Buffer | null;
}

const COLUMNS = `client_id AS "clientId", source, metadata, secret_digest AS "secretDigest", own_scopes AS "ownScopes", serves`;
const FIND: Statement = {
  name: 'client-find',
  text: `SELECT ${COLUMNS} FROM oauth_clients WHERE client_id = $1 AND source <> 'document'`,
};
const FIND_BY_TOKEN: Statement = {
  name: 'client-find-by-registration-token',
  text: `SELECT ${COLUMNS} FROM oauth_clients WHERE client_id = $1 AND registration_token_digest = $2`,
};
const ALL: Statement = {
  name: 'client-list',
  text: `SELECT ${COLUMNS} FROM oauth_clients WHERE source = 'configured' ORDER BY created_at`,
};
const INSERT: Statement = {
  name: 'client-insert',
  text: `INSERT INTO oauth_clients (client_id, source, metadata, secret_digest, registration_token_digest, own_scopes, serves, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
};
const UPDATE: Statement = {
  name: 'client-update',
  text: `UPDATE oauth_clients SET metadata = $3, secret_digest = $4
         WHERE client_id = $1 AND registration_token_digest = $2 RETURNING client_id`,
};
// What the client was granted ends with it; two statements, as for a grant. $2 null: by an operator.
const REMOVE: Statement = {
  name: 'client-remove',
  text: `
    WITH removed AS (
      DELETE FROM oauth_clients
      WHERE client_id = $1 AND source <> 'document' AND ($2::bytea IS NULL OR registration_token_digest = $2)
      RETURNING client_id, own_scopes
    ), forgotten AS (
      UPDATE grants SET revoked_at = $3 WHERE client_id IN (SELECT client_id FROM removed) AND revoked_at IS NULL
    ), noted AS (
      INSERT INTO removals (name) SELECT 'client ' || client_id FROM removed WHERE own_scopes <> '{}'
      ON CONFLICT (name) DO UPDATE SET removed_at = clock_timestamp()
    )
    SELECT client_id FROM removed`,
};
const END_SESSIONS: Statement = {
  name: 'client-end-sessions',
  text: `UPDATE sessions SET revoked_at = $2, revoked_reason = 'client_removed' WHERE client_id = $1 AND revoked_at IS NULL`,
};
const REAP: Statement = {
  name: 'client-reap',
  text: `DELETE FROM oauth_clients WHERE client_id IN (
           SELECT client_id FROM oauth_clients
           WHERE used_at IS NULL AND source <> 'configured' AND created_at < $1 LIMIT 500 FOR UPDATE SKIP LOCKED
         ) RETURNING client_id`,
};
const MOST_RECENT = 1000;

@Injectable()
export class ClientsRepository {
  private readonly recent: RecentlyRead<Client>;

  constructor(
    private readonly database: Database,
    @InjectConfig() config: Config,
  ) {
    this.recent = new RecentlyRead((id) => this.find(id), config.REVOCATION_POLL_MS, MOST_RECENT);
  }

  /** Like {@link find}, as it was at most REVOCATION_POLL_MS ago: to let a client in by, never to refuse it by. */
  async findRecent(clientId: string): Promise<Client | undefined> {
    return this.recent.get(clientId);
  }

  /** A registered or configured client; one known by its document is never found here (attack 9). */
  async find(clientId: string): Promise<Client | undefined> {
    return (await this.database.query<Client & Record<string, unknown>>(FIND, [clientId]))[0];
  }

  async findByRegistrationToken(clientId: string, digest: Buffer): Promise<Client | undefined> {
    return (
      await this.database.query<Client & Record<string, unknown>>(FIND_BY_TOKEN, [clientId, digest])
    )[0];
  }

  async configured(): Promise<Client[]> {
    return this.database.query<Client & Record<string, unknown>>(ALL, []);
  }

  async insert(client: NewClient, now: Date): Promise<void> {
    await this.database.query(INSERT, [
      client.clientId, client.source, JSON.stringify(client.metadata), client.secretDigest,
      client.registrationTokenDigest, client.ownScopes, client.serves, now,
    ]); // prettier-ignore
  }

  /** False when the registration token is not this client's. */
  async update(
    clientId: string,
    tokenDigest: Buffer,
    metadata: ClientMetadata,
    secretDigest: Buffer | null,
  ): Promise<boolean> {
    const values = [clientId, tokenDigest, JSON.stringify(metadata), secretDigest];
    const updated = (await this.database.query(UPDATE, values)).length === 1;
    this.recent.forget(clientId);
    return updated;
  }

  /** Ends all that was granted to it too. With a digest, only when that is its registration token's. */
  async remove(clientId: string, tokenDigest: Buffer | null, now: Date): Promise<boolean> {
    const removed = await this.database.transaction(async (query) => {
      const gone = (await query(REMOVE, [clientId, tokenDigest, now])).length === 1;
      if (gone) await query(END_SESSIONS, [clientId, now]);
      return gone;
    });
    this.recent.forget(clientId);
    return removed;
  }

  /** Removes up to 500 clients made before `time` that never completed a grant. How many it was. */
  async reapUnusedBefore(time: Date): Promise<number> {
    return (await this.database.query(REAP, [time])).length;
  }
}
