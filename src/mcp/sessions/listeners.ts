import { type BeforeApplicationShutdown, Injectable, Logger } from '@nestjs/common';
import { v4 as uuidv4 } from 'uuid';
import { Admissions } from '../../access/admissions.js';
import type { Principal } from '../../access/principal.js';
import type { Config } from '../../config/config.js';
import { InjectConfig } from '../../config/config.token.js';
import { operationOf } from '../operation.js';
import { ToolRegistry } from '../tool-registry.js';
import { SessionEvents, type StoredEvent } from './session-events.js';
import { McpSessionsRepository, type Session, type Standing } from './sessions.repository.js';
import { SseStream } from './sse-stream.js';

interface Listener {
  readonly id: string;
  readonly sessionId: string;
  readonly principal: Principal;
  readonly isAdmitted: () => boolean;
  readonly stream: SseStream;
  heard: number;
}

const POLL_MS = 500;
/** Bytes of news, which are small, that may wait for a reader. */
const MOST_UNREAD = 1_048_576;
/** A client then comes back with a credential that is looked at anew. */
const LONGEST_MS = 5 * 60_000;

/** Streams on which sessions hear what no call of theirs caused. One question to the database asks for all of them. */
@Injectable()
export class Listeners implements BeforeApplicationShutdown {
  private readonly log = new Logger(Listeners.name);
  private readonly open = new Map<string, Listener>();
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly sessions: McpSessionsRepository,
    private readonly events: SessionEvents,
    private readonly registry: ToolRegistry,
    private readonly admissions: Admissions,
    @InjectConfig() private readonly config: Config,
  ) {}

  /** The newest of a session listens: nothing may be told on two streams (spec 2025-11-25, multiple connections). */
  async listen(session: Session, principal: Principal, heard = session.lastEvent): Promise<SseStream> {
    const id = uuidv4();
    const isAdmitted = this.admissions.watch(principal);
    await this.sessions.listen(session.id, id);
    const stream = new SseStream(() => {
      clearTimeout(longest);
      this.open.delete(id);
    }, MOST_UNREAD);
    const longest = setTimeout(() => {
      stream.end();
    }, LONGEST_MS).unref();
    const primed = session.initialize['protocolVersion'] === '2025-11-25';
    stream.prime(primed ? { stream: session.id, sequence: heard } : undefined);
    this.open.set(id, { id, sessionId: session.id, principal, isAdmitted, stream, heard });
    this.schedule();
    return stream;
  }

  beforeApplicationShutdown(): void {
    clearTimeout(this.timer);
    for (const { stream } of this.open.values()) stream.end();
  }

  private schedule(): void {
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      this.poll()
        .catch((error: unknown) => {
          this.log.warn(`sessions could not be asked for news: ${String(error)}`);
        })
        .finally(() => {
          if (this.open.size > 0) this.schedule();
        });
    }, POLL_MS).unref();
  }

  private async poll(): Promise<void> {
    // Before the database is asked: who may not listen any more is let go of also while it cannot answer.
    for (const { isAdmitted, stream } of this.open.values()) if (!isAdmitted()) stream.end();
    const listening = [...this.open.values()];
    if (listening.length === 0) return;
    const standings = await this.sessions.standings(listening.map(({ sessionId }) => sessionId));
    const bySession = new Map(standings.map((standing) => [standing.id, standing]));
    await Promise.all(listening.map((listener) => this.tell(listener, bySession.get(listener.sessionId))));
  }

  private async tell(listener: Listener, standing: Standing | undefined): Promise<void> {
    const { id, sessionId, stream } = listener;
    if (standing?.listener !== id || !listener.isAdmitted()) stream.end();
    else if (standing.lastEvent > listener.heard) {
      const news = await this.events.from(sessionId, sessionId, listener.heard + 1);
      for (const { sequence, message } of news) {
        if (message && this.mayHear(listener, message)) stream.send(message, { stream: sessionId, sequence });
        listener.heard = sequence;
      }
    }
  }

  /** What one may no longer read, one hears nothing of. */
  private mayHear({ principal }: Listener, message: NonNullable<StoredEvent['message']>): boolean {
    const params = 'params' in message ? message.params : {};
    const operation = operationOf({ method: 'resources/subscribe', params }, this.registry);
    return this.config.scopes.missing(principal.scopes, operation?.scopes ?? []).length === 0;
  }
}
