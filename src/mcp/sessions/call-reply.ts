import { Logger } from '@nestjs/common';
import type { JSONRPCMessage } from '@modelcontextprotocol/server';
import type { SessionEvents } from './session-events.js';
import { SseStream } from './sse-stream.js';

interface Of {
  readonly sessionId: string;
  /** The call's id, which is also that of its stream. */
  readonly stream: string;
  /** Whether the client's revision knows an event without data. */
  readonly primed: boolean;
}

/**
 * The answer to one POST: plain JSON where the result is all there is, which costs nothing more; else a stream of events,
 * each stored before it is sent, so that the client may lose the connection and resume at any replica.
 */
export class CallReply {
  private static readonly log = new Logger(CallReply.name);
  readonly response: Promise<Response>;
  private settle: (response: Response) => void = () => undefined;
  private stream: SseStream | undefined;
  private sequence = 0;
  private written: Promise<void> = Promise.resolve();

  constructor(
    private readonly events: SessionEvents,
    private readonly of: Of,
  ) {
    this.response = new Promise((resolve) => {
      this.settle = resolve;
    });
  }

  /** Something that comes before the answer. */
  async add(message: JSONRPCMessage): Promise<void> {
    this.open();
    this.written = this.written.then(() => this.write(message));
    await this.written;
  }

  async finish(message: JSONRPCMessage): Promise<void> {
    if (!this.stream) {
      this.settle(Response.json(message));
      return;
    }
    await this.add(message);
    this.stream.end();
  }

  /** The call goes on and what it says is stored, but this connection is closed. */
  async disconnect(): Promise<void> {
    this.open();
    await this.written;
    this.stream?.end();
  }

  private open(): void {
    if (this.stream) return;
    this.stream = new SseStream();
    this.written = this.store(null).then(() => {
      const { stream, primed } = this.of;
      this.stream?.prime(primed ? { stream, sequence: 0 } : undefined);
    });
    this.settle(this.stream.response);
  }

  private async write(message: JSONRPCMessage): Promise<void> {
    this.sequence += 1;
    const { stream } = this.of;
    const id = { stream, sequence: this.sequence };
    this.stream?.send(message, (await this.store(message)) ? id : undefined);
  }

  /** False where it could not be: the client still gets it, but cannot resume from it. */
  private async store(message: JSONRPCMessage | null): Promise<boolean> {
    try {
      await this.events.append(this.of.sessionId, this.of.stream, this.sequence, message);
      return true;
    } catch (error) {
      CallReply.log.warn(`an event could not be stored: ${error instanceof Error ? error.message : typeof error}`); // prettier-ignore
      return false;
    }
  }
}
