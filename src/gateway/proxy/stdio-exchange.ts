import { PassThrough, Readable } from 'node:stream';
import { event } from './event-stream.js';
import type { Json, Message } from './message.js';
import { errorMessage, type RpcError } from './rpc-error.js';
import type { UpstreamAnswer } from './upstream.js';

const answerWith = (contentType: string, body: Readable): UpstreamAnswer => ({
  status: 200,
  contentType,
  session: undefined,
  headers: {},
  body,
});

export const eventAnswer = (stream: PassThrough): UpstreamAnswer => answerWith('text/event-stream', stream);

/** One request on its way through a process: answered as JSON, or as a stream once anything comes before the answer. */
export class Exchange {
  readonly answer: Promise<UpstreamAnswer>;
  private resolve!: (answer: UpstreamAnswer) => void;
  private reject!: (error: RpcError) => void;
  private stream: PassThrough | undefined;

  constructor(readonly request: Message) {
    this.answer = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }

  get streaming(): boolean {
    return this.stream !== undefined;
  }

  /** The stream when it wants to be waited for. */
  push(message: Json): PassThrough | undefined {
    if (!this.stream) {
      this.stream = new PassThrough();
      this.resolve(eventAnswer(this.stream));
    }
    return this.stream.write(event(message)) ? undefined : this.stream;
  }

  finish(message: Json): void {
    if (this.stream) this.stream.end(event(message));
    else this.resolve(answerWith('application/json', Readable.from([Buffer.from(JSON.stringify(message))])));
  }

  fail(error: RpcError): void {
    if (this.stream) this.stream.end(event(errorMessage(this.request.id, error)));
    else this.reject(error);
  }

  /** Called off by the client itself: there will be no answer. */
  abandon(): void {
    if (!this.stream) {
      this.stream = new PassThrough();
      this.resolve(eventAnswer(this.stream));
    }
    this.stream.end();
  }
}
