import type { JSONRPCMessage } from '@modelcontextprotocol/server';

const KEEP_ALIVE_MS = 15_000;
/** When a client whose stream was closed should come back (HTML, server-sent events). */
const RETRY_MS = 500;
const HEADERS = {
  'Content-Type': 'text/event-stream',
  'Cache-Control': 'no-cache, no-transform',
  'X-Accel-Buffering': 'no',
};

export interface EventId {
  readonly stream: string;
  readonly sequence: number;
}

const EVENT_ID = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.(\d{1,9})$/;

export function parseEventId(text: string): EventId | undefined {
  const [, stream, sequence] = EVENT_ID.exec(text) ?? [];
  return stream === undefined ? undefined : { stream, sequence: Number(sequence) };
}

/** One connection on which a client is told things, until either side ends it. */
export class SseStream {
  readonly response: Response;
  private controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  private readonly encoder = new TextEncoder();
  private readonly keepAlive: NodeJS.Timeout;

  constructor(
    private readonly onEnd: () => void = () => undefined,
    /** Bytes that may wait for a reader: one who leaves more is cut off, and may resume. */
    mostUnread = Infinity,
  ) {
    const body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.controller = controller;
        },
        cancel: () => {
          this.end();
        },
      },
      new ByteLengthQueuingStrategy({ highWaterMark: mostUnread }),
    );
    this.response = new Response(body, { headers: HEADERS });
    this.keepAlive = setInterval(() => {
      this.write(': still here\n\n');
    }, KEEP_ALIVE_MS).unref();
  }

  get ended(): boolean {
    return this.controller === undefined;
  }

  /** Something must be written at once, or the client waits for the headers. An event without data is news of 2025-11-25. */
  prime(id: EventId | undefined): void {
    const named = id ? `id: ${id.stream}.${id.sequence}\nretry: ${RETRY_MS}\ndata: \n\n` : '';
    this.write(named || ': here\n\n');
  }

  send(message: JSONRPCMessage, id: EventId | undefined): void {
    const named = id ? `id: ${id.stream}.${id.sequence}\n` : '';
    this.write(`event: message\n${named}data: ${JSON.stringify(message)}\n\n`);
  }

  end(cut?: Error): void {
    const { controller } = this;
    if (!controller) return;
    this.controller = undefined;
    clearInterval(this.keepAlive);
    try {
      if (cut) controller.error(cut);
      else controller.close();
    } catch {
      // The other side was faster.
    }
    this.onEnd();
  }

  private write(frame: string): void {
    if ((this.controller?.desiredSize ?? 1) <= 0)
      this.end(new Error('the reader of a stream does not keep up'));
    this.controller?.enqueue(this.encoder.encode(frame));
  }
}
