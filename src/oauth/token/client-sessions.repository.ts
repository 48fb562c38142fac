import { Injectable } from '@nestjs/common';
import { Database, type Statement } from '../../database/database.js';

// A removed client opens nothing: the row must still be there.
const OPEN: Statement = {
  name: 'client-session-open',
  text: `
    WITH client AS (
      UPDATE oauth_clients SET used_at = coalesce(used_at, $4) WHERE client_id = $2 RETURNING client_id
    )
    INSERT INTO sessions (id, client_id, resource, scopes, address, created_at, expires_at)
    SELECT $1, client_id, $3, $5, $6, $4, $7 FROM client RETURNING id`,
};

/** Sessions of clients that act for themselves. */
@Injectable()
export class ClientSessionsRepository {
  constructor(private readonly database: Database) {}

  /** False when the client was removed meanwhile. */
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
