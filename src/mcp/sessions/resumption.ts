import { type BeforeApplicationShutdown, Injectable, Logger } from '@nestjs/common';
import { isJSONRPCResponse } from '@modelcontextprotocol/server';
import { Admissions } from '../../access/admissions.js';
import type { Principal } from '../../access/principal.js';
import { ToolgateError } from '../../errors/toolgate-error.js';
import { SessionEvents, type StoredEvent } from './session-events.js';
import type { Session } from './sessions.repository.js';
import { type EventId, SseStream } from './sse-stream.js';

const POLL_MS = 200;
const LONGEST_MS = 5 * 60_000;

/** Goes on with the stream of a call where the client lost it, from the database, whichever replica the call runs at. */
@Injectable()
export class Resumption implements BeforeApplicationShutdown {
  private readonly log = new Logger(Resumption.name);
  private readonly open = new Set<SseStream>();

  constructor(
    private readonly events: SessionEvents,
    private readonly admissions: Admissions,
  ) {}

  /** @throws ToolgateError `unknown_event` */
  async resume(session: Session, principal: Principal, { stream, sequence }: EventId): Promise<SseStream> {
    const isAdmitted = this.admissions.watch(principal);
    const [last, ...missed] = await this.events.from(session.id, stream, sequence);
    if (last?.sequence !== sequence) throw new ToolgateError('unknown_event');
    const sse: SseStream = new SseStream(() => this.open.delete(sse));
    this.open.add(sse);
    sse.prime(undefined);
    this.follow(sse, session.id, stream, { told: sequence, missed, isAdmitted }).catch((error: unknown) => {
      this.log.warn(`a stream could not be followed: ${String(error)}`);
      sse.end();
    });
    return sse;
  }

  beforeApplicationShutdown(): void {
    for (const stream of this.open) stream.end();
  }

  private async follow(
    sse: SseStream,
    sessionId: string,
    stream: string,
    from: { told: number; missed: StoredEvent[]; isAdmitted: () => boolean },
  ): Promise<void> {
    let { told, missed } = from;
    const until = performance.now() + LONGEST_MS;
    while (!sse.ended && from.isAdmitted() && performance.now() < until) {
      for (const { sequence, message } of missed) {
        if (message) sse.send(message, { stream, sequence });
        told = sequence;
        if (message && isJSONRPCResponse(message)) {
          sse.end();
          return;
        }
      }
      await new Promise((resolve) => setTimeout(resolve, POLL_MS).unref());
      missed = await this.events.from(sessionId, stream, told + 1);
    }
    sse.end();
  }
}
