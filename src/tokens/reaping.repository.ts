import { Injectable } from '@nestjs/common';
import { Database, type Statement } from '../database/database.js';

/** Few enough that nobody waits long for a row, or for a transaction to end. */
const SESSIONS_AT_ONCE = 100;

const batch = (condition: string, by: string) => `
  DELETE FROM sessions WHERE id IN (
    SELECT id FROM sessions WHERE ${condition} ORDER BY ${by} LIMIT ${SESSIONS_AT_ONCE} FOR UPDATE SKIP LOCKED
  ) RETURNING id`;

const EXPIRED: Statement = {
  name: 'session-reap-expired',
  text: batch('user_id IS NOT NULL AND expires_at < $1', 'expires_at'),
};
// By the time of the stamp, which is Postgres's own and has the index.
const REVOKED: Statement = {
  name: 'session-reap-revoked',
  text: batch('revoked_at IS NOT NULL AND changed_at < $1 AND revoked_at < $1', 'changed_at'),
};
const OF_CLIENTS: Statement = {
  name: 'session-reap-of-clients',
  text: batch('user_id IS NULL AND expires_at < $1', 'expires_at'),
};

const REMOVALS: Statement = { name: 'removal-reap', text: 'DELETE FROM removals WHERE removed_at < $1' };

/** Removes what has had its time, a few rows at a time; refresh tokens go with their session. */
@Injectable()
export class ReapingRepository {
  constructor(private readonly database: Database) {}

  /** Of people, expired before `time`. How many; as many as one batch holds means that there may be more. */
  async expired(time: Date): Promise<number> {
    return (await this.database.query(EXPIRED, [time])).length;
  }

  async revoked(time: Date): Promise<number> {
    return (await this.database.query(REVOKED, [time])).length;
  }

  async ofClients(time: Date): Promise<number> {
    return (await this.database.query(OF_CLIENTS, [time])).length;
  }

  async removals(time: Date): Promise<void> {
    await this.database.query(REMOVALS, [time]);
  }
}
