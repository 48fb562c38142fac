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
    private readonly incoming: IncomingMessage,
    readonly response: ServerResponse,
    private readonly addressOf: (request: IncomingMessage) => string,
  ) {
    this.headers = incoming.headers;
    this.method = incoming.method ?? '';
    this.url = incoming.url ?? '';
    this.id = requestId(incoming.headers);
  }

  get ip(): string {
    return this.addressOf(this.incoming);
  }
}
