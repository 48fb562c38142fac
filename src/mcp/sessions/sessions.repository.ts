import { Injectable } from '@nestjs/common';
import { uuidv7 } from '../../crypto/uuid.js';
import { ownerOf, type Principal } from '../../access/principal.js';
import { Clock } from '../../crypto/clock.js';
import { randomToken, sha256 } from '../../crypto/digest.js';
import type { Config } from '../../config/config.js';
import { InjectConfig } from '../../config/config.token.js';
import { Database, type Statement } from '../../database/database.js';
import type { LogLevel } from '../tool-call.js';

export interface Session {
  readonly id: string;
  readonly initialize: Readonly<Record<string, unknown>>;
  readonly logLevel: LogLevel | null;
  readonly lastEvent: number;
  readonly usedAt: Date;
}

export interface Standing {
  readonly id: string;
  readonly listener: string | null;
  readonly lastEvent: number;
}

const CREATE: Statement = {
  name: 'mcp-session-create',
  text: `INSERT INTO mcp_sessions (id, digest, owner, user_id, initialize, created_at, used_at)
         VALUES ($1, $2, $3, $4, $5, $6, $6)`,
};
const FIND: Statement = {
  name: 'mcp-session-find',
  text: `SELECT id, initialize, log_level AS "logLevel", last_event AS "lastEvent", used_at AS "usedAt"
           FROM mcp_sessions WHERE digest = $1 AND owner = $2 AND used_at > $3`,
};
const TOUCH: Statement = {
  name: 'mcp-session-touch',
  text: `UPDATE mcp_sessions SET used_at = $2 WHERE id = $1`,
};
const END: Statement = {
  name: 'mcp-session-end',
  text: `DELETE FROM mcp_sessions WHERE digest = $1 AND owner = $2 AND used_at > $3 RETURNING id`,
};
const LOG_LEVEL: Statement = {
  name: 'mcp-session-log-level',
  text: `UPDATE mcp_sessions SET log_level = $2 WHERE id = $1`,
};
const SUBSCRIBE: Statement = {
  name: 'mcp-session-subscribe',
  text: `UPDATE mcp_sessions SET subscriptions = array_append(array_remove(subscriptions, $2), $2)
          WHERE id = $1 AND cardinality(array_remove(subscriptions, $2)) < 1000 RETURNING id`,
};
const UNSUBSCRIBE: Statement = {
  name: 'mcp-session-unsubscribe',
  text: `UPDATE mcp_sessions SET subscriptions = array_remove(subscriptions, $2) WHERE id = $1`,
};
const LISTEN: Statement = {
  name: 'mcp-session-listen',
  text: `UPDATE mcp_sessions SET listener = $2 WHERE id = $1`,
};
const STANDINGS: Statement = {
  name: 'mcp-session-standings',
  text: `SELECT id, listener, last_event AS "lastEvent" FROM mcp_sessions WHERE id = ANY($1)`,
};
const REAP: Statement = { name: 'mcp-sessions-reap', text: `DELETE FROM mcp_sessions WHERE used_at < $1` };
/** Nobody needs as many at once; who makes more of them loses the oldest. */
const REAP_SURPLUS: Statement = {
  name: 'mcp-sessions-reap-surplus',
  text: `DELETE FROM mcp_sessions WHERE id IN (
           SELECT id FROM (SELECT id, row_number() OVER (PARTITION BY owner ORDER BY used_at DESC, id) AS rank
                             FROM mcp_sessions) ranked WHERE rank > 1000)`,
};

const ID = /^[A-Za-z0-9_-]{43}$/;
const TOUCHED_EVERY_MS = 60_000;

/** Sessions of the 2025 revisions. Always asked for by their owner: a session id alone opens nothing (spec R18). */
@Injectable()
export class McpSessionsRepository {
  private readonly idleMs: number;

  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    @InjectConfig() config: Config,
  ) {
    this.idleMs = config.MCP_SESSION_IDLE_TTL * 1000;
  }

  /** @returns the id for the client, which nothing here keeps. */
  async create(principal: Principal, initialize: object): Promise<string> {
    const id = randomToken();
    const userId = principal.kind === 'client' ? null : principal.userId;
    const row = [uuidv7(), sha256(id), ownerOf(principal), userId, JSON.stringify(initialize)];
    await this.database.query(CREATE, [...row, this.clock.now()]);
    return id;
  }

  /** Undefined for an unknown or ended one, and for another's. */
  async find(id: string, principal: Principal): Promise<Session | undefined> {
    if (!ID.test(id)) return undefined;
    const now = this.clock.now();
    const [session] = await this.database.query<Session & Record<string, unknown>>(
      FIND,
      this.key(id, principal),
    );
    if (session && now.getTime() - session.usedAt.getTime() > TOUCHED_EVERY_MS)
      await this.database.query(TOUCH, [session.id, now]);
    return session;
  }

  /** False when there was none. */
  async end(id: string, principal: Principal): Promise<boolean> {
    return ID.test(id) && (await this.database.query(END, this.key(id, principal))).length === 1;
  }

  async setLogLevel(sessionId: string, level: LogLevel): Promise<void> {
    await this.database.query(LOG_LEVEL, [sessionId, level]);
  }

  /** False when there are too many. */
  async subscribe(sessionId: string, uri: string): Promise<boolean> {
    return (await this.database.query(SUBSCRIBE, [sessionId, uri])).length === 1;
  }

  async unsubscribe(sessionId: string, uri: string): Promise<void> {
    await this.database.query(UNSUBSCRIBE, [sessionId, uri]);
  }

  async listen(sessionId: string, listener: string): Promise<void> {
    await this.database.query(LISTEN, [sessionId, listener]);
  }

  async standings(sessionIds: readonly string[]): Promise<Standing[]> {
    return this.database.query<Standing & Record<string, unknown>>(STANDINGS, [sessionIds]);
  }

  async reap(): Promise<void> {
    await this.database.query(REAP, [this.oldest()]);
    await this.database.query(REAP_SURPLUS, []);
  }

  private key(id: string, principal: Principal) {
    return [sha256(id), ownerOf(principal), this.oldest()];
  }

  private oldest(): Date {
    return new Date(this.clock.now().getTime() - this.idleMs);
  }
}
