import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { Principal } from '../access/principal.js';
import { requestId } from '../ops/logging.js';

/** A request with the members that controllers, guards and the error filter read of the framework's. */
export class LaneRequest {
  readonly id: string;
  readonly method = 'POST';
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  body: unknown;
  principal?: Principal;

  constructor(
    private readonly incoming: IncomingMessage,
    private readonly addressOf: (request: IncomingMessage) => string,
  ) {
    this.headers = incoming.headers;
    this.url = incoming.url ?? '';
    this.id = requestId(incoming.headers);
  }

  get ip(): string {
    return this.addressOf(this.incoming);
  }
}
