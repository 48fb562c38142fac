import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import type { JSONRPCMessage } from '@modelcontextprotocol/server';
import { uuidv7 } from '../../crypto/uuid.js';
import { Clock } from '../../crypto/clock.js';
import { sha256 } from '../../crypto/digest.js';
import { Database, type Statement } from '../../database/database.js';

interface Row {
  readonly id: string;
  readonly address: string;
  readonly message: JSONRPCMessage;
}

const POST: Statement = {
  name: 'mcp-inbox-post',
  text: `INSERT INTO mcp_inbox (id, address, session_id, message, created_at)
         SELECT $1, $2, id, $4, $5 FROM mcp_sessions WHERE id = $3`,
};
const TAKE: Statement = {
  name: 'mcp-inbox-take',
  text: `DELETE FROM mcp_inbox WHERE address = ANY($1) RETURNING id, address, message`,
};
const REAP: Statement = { name: 'mcp-inbox-reap', text: `DELETE FROM mcp_inbox WHERE created_at < $1` };

const POLL_MS = 150;

/** Where something said in a session is to be heard: at a call, or at whoever serves a request of the client. */
export const addressOf = (sessionId: string, what: 'call' | 'request', id: unknown): string =>
  sha256(JSON.stringify([sessionId, what, id])).toString('base64url');

type Hear = (message: JSONRPCMessage) => void;

/**
 * Brings what a client says to the replica that waits for it: by hand where that is this one, else through a table which
 * each replica asks about what it waits for, and only while it does. A call that is quickly over never asks.
 */
@Injectable()
export class Inbox implements OnApplicationShutdown {
  private readonly log = new Logger(Inbox.name);
  private readonly open = new Map<string, Hear>();
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  /** @returns what ends the listening. */
  listen(addresses: readonly string[], hear: Hear): () => void {
    for (const address of addresses) this.open.set(address, hear);
    this.schedule();
    return () => {
      for (const address of addresses) if (this.open.get(address) === hear) this.open.delete(address);
    };
  }

  async deliver(sessionId: string, address: string, message: JSONRPCMessage): Promise<void> {
    const hear = this.open.get(address);
    if (hear) hear(message);
    else
      await this.database.query(POST, [
        uuidv7(),
        address,
        sessionId,
        JSON.stringify(message),
        this.clock.now(),
      ]);
  }

  async reapBefore(moment: Date): Promise<void> {
    await this.database.query(REAP, [moment]);
  }

  onApplicationShutdown(): void {
    clearTimeout(this.timer);
    this.open.clear();
  }

  private schedule(): void {
    if (this.timer) return;
    this.timer = setTimeout(() => {
      this.timer = undefined;
      if (this.open.size === 0) return;
      this.poll()
        .catch((error: unknown) => {
          this.log.warn(`what clients answered could not be read: ${String(error)}`);
        })
        .finally(() => {
          if (this.open.size > 0) this.schedule();
        });
    }, POLL_MS).unref();
  }

  private async poll(): Promise<void> {
    const rows = await this.database.query<Row & Record<string, unknown>>(TAKE, [[...this.open.keys()]]);
    for (const { address, message } of rows.sort((a, b) => (a.id < b.id ? -1 : 1)))
      this.open.get(address)?.(message);
  }
}
