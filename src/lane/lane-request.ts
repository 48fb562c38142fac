import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { Principal } from '../access/principal.js';
import { requestId } from '../ops/logging.js';

/** A request with the members that controllers, guards and the error filter read of the framework's, under the same names. */
export class LaneRequest {
  readonly id: string;
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  body: unknown;
  /** Left here by the authentication guard. */
  principal?: Principal;

  constructor(
    readonly raw: IncomingMessage,
    readonly response: ServerResponse,
    private readonly addressOf: (request: IncomingMessage) => string,
  ) {
    this.headers = raw.headers;
    this.method = raw.method ?? '';
    this.url = raw.url ?? '';
    this.id = requestId(raw.headers);
  }

  get ip(): string {
    return this.addressOf(this.raw);
  }
}
