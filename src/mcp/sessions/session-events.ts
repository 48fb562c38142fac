import { Injectable } from '@nestjs/common';
import type { JSONRPCMessage } from '@modelcontextprotocol/server';
import { ownerOf, type Principal } from '../../access/principal.js';
import { Clock } from '../../crypto/clock.js';
import { Database, type Statement } from '../../database/database.js';

export interface StoredEvent {
  readonly sequence: number;
  readonly message: JSONRPCMessage | null;
}

const APPEND: Statement = {
  name: 'mcp-event-append',
  text: `INSERT INTO mcp_events (stream, sequence, session_id, message, created_at)
         SELECT $1, $2, id, $4, $5 FROM mcp_sessions WHERE id = $3`,
};
const AFTER: Statement = {
  name: 'mcp-events-after',
  text: `SELECT sequence, message FROM mcp_events
          WHERE session_id = $1 AND stream = $2 AND sequence >= $3 ORDER BY sequence LIMIT 1000`,
};
/** One row lock per session: what gets a later number also becomes visible later, so no listener skips one. */
const TELL: Statement = {
  name: 'mcp-event-tell',
  text: `WITH told AS (
           UPDATE mcp_sessions SET last_event = last_event + 1
            WHERE (user_id = $1 OR owner = $2) AND subscriptions @> ARRAY[$3]
           RETURNING id, last_event)
         INSERT INTO mcp_events (stream, sequence, session_id, message, created_at)
         SELECT id, last_event, id, $4, $5 FROM told`,
};
const REAP: Statement = { name: 'mcp-events-reap', text: `DELETE FROM mcp_events WHERE created_at < $1` };

/** What was sent on the streams of sessions. A session's own stream has the session's id; a call's has the call's. */
@Injectable()
export class SessionEvents {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  async append(
    sessionId: string,
    stream: string,
    sequence: number,
    message: JSONRPCMessage | null,
  ): Promise<void> {
    const text = message && JSON.stringify(message);
    await this.database.query(APPEND, [stream, sequence, sessionId, text, this.clock.now()]);
  }

  /** From this one on, the oldest first. */
  async from(sessionId: string, stream: string, sequence: number): Promise<StoredEvent[]> {
    return this.database.query<StoredEvent & { sequence: number }>(AFTER, [sessionId, stream, sequence]);
  }

  async resourceChanged(principal: Principal, uri: string): Promise<void> {
    const href = new URL(uri).href;
    const message = {
      jsonrpc: '2.0',
      method: 'notifications/resources/updated',
      params: { uri: href },
    };
    const userId = principal.kind === 'client' ? null : principal.userId;
    const told = [userId, ownerOf(principal), href, JSON.stringify(message), this.clock.now()];
    await this.database.query(TELL, told);
  }

  async reapBefore(moment: Date): Promise<void> {
    await this.database.query(REAP, [moment]);
  }
}
