import { Injectable } from '@nestjs/common';
import { Database, type Statement } from '../../database/database.js';

// The primary key (client, jti) lets one use win.
const SPEND: Statement = {
  name: 'client-assertion-spend',
  text: `INSERT INTO client_assertions (client_id, jti, expires_at) VALUES ($1, $2, $3)
         ON CONFLICT DO NOTHING RETURNING jti`,
};
const REAP: Statement = {
  name: 'client-assertion-reap',
  text: `DELETE FROM client_assertions WHERE expires_at < $1`,
};

@Injectable()
export class AssertionsRepository {
  constructor(private readonly database: Database) {}

  /** True for the first use of this `jti` by this client. */
  async spend(clientId: string, jti: string, expiresAt: Date): Promise<boolean> {
    return (await this.database.query(SPEND, [clientId, jti, expiresAt])).length === 1;
  }

  async reapBefore(time: Date): Promise<void> {
    await this.database.query(REAP, [time]);
  }
}
