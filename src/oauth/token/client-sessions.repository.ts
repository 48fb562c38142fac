import { Injectable } from '@nestjs/common';
import { Database, type Statement } from '../../database/database.js';

// A removed client opens nothing, nor does anyone at a removed resource: the rows must still be there, and who removes one
// waits until the session can be seen. The lock is one that all share: an update would let one token at a time be made.
const OPEN: Statement = {
  name: 'client-session-open',
  text: `
    WITH client AS (
      SELECT c.client_id FROM oauth_clients c, resources r WHERE c.client_id = $2 AND r.identifier = $3 FOR KEY SHARE
    ), proven AS (
      UPDATE oauth_clients SET used_at = $4 FROM client
      WHERE oauth_clients.client_id = client.client_id AND used_at IS NULL
    )
    INSERT INTO sessions (id, client_id, resource, scopes, address, created_at, expires_at)
    SELECT $1, client_id, $3, $5, $6, $4, $7 FROM client RETURNING id`,
};

/** Sessions of clients that act for themselves. */
@Injectable()
export class ClientSessionsRepository {
  constructor(private readonly database: Database) {}

  /** False when the client or the resource was removed meanwhile. */
  async open(session: {
    id: string;
    clientId: string;
    resource: string;
    scopes: readonly string[];
    address: string | null;
    now: Date;
    end: Date;
  }): Promise<boolean> {
    const { id, clientId, resource, scopes, address, now, end } = session;
    const values = [id, clientId, resource, now, scopes, address, end];
    return (await this.database.query(OPEN, values)).length === 1;
  }
}
