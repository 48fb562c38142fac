import type { IncomingMessage, ServerResponse } from 'node:http';
import { Admission, type AdmissionOptions } from './admission.js';
import { type AdmittedRequest, admit } from './auth-info.js';
import { readJson } from './json-body.js';
import { metadataAnswer } from './metadata.js';
import type { GuardAnswer, ResourceGuard } from './resource-guard.js';

export interface NodeGuardOptions extends AdmissionOptions {
  /** The caller's address, for the networks of API keys. Default: the peer of the socket. */
  readonly addressOf?: (request: IncomingMessage) => string;
  /** The longest body that is read, in bytes, when there are `tools`. Default 1 MB. */
  readonly bodyLimit?: number;
}

/** What a request has after `guardNode` let it through. `body` is there when the guard had to read it. */
export type GuardedIncomingMessage = IncomingMessage & AdmittedRequest & { body?: unknown };

export function writeAnswer(response: ServerResponse, { status, headers, body }: GuardAnswer): void {
  response.writeHead(status, headers).end(body);
}

const METADATA_METHODS = ['GET', 'HEAD'];

/**
 * For plain `node:http`: true when the request has been answered (the metadata, or a refusal), false when it may go on,
 * with `principal`, `auth` and, where there are `tools`, the parsed `body` on it. Every path is closed.
 */
export function guardNode(
  guard: ResourceGuard,
  options: NodeGuardOptions = {},
): (request: GuardedIncomingMessage, response: ServerResponse) => Promise<boolean> {
  const admission = new Admission(guard, options);
  const addressOf = options.addressOf ?? ((request) => request.socket.remoteAddress ?? '');
  return async (request, response) => {
    const path = (request.url ?? '').split('?', 1)[0] ?? '';
    if (guard.metadataPaths.includes(path) && METADATA_METHODS.includes(request.method ?? '')) {
      writeAnswer(response, metadataAnswer(guard.metadata));
      return true;
    }
    try {
      const { headers, rawHeaders } = request;
      const principal = await admission.caller({ headers, rawHeaders, address: addressOf(request) });
      if (admission.looksAtBodies && request.method === 'POST') {
        // A body that was parsed before is the one that will be dispatched.
        if (request.body === undefined)
          request.body = await readJson(request, options.bodyLimit ?? 1_000_000);
        admission.message(principal, request.body);
      }
      admit(request, principal);
      return false;
    } catch (error) {
      refuse(response, guard.answerFor(error), request);
      return true;
    }
  };
}

/** A body that nobody will read would keep the connection busy: it ends with the answer. */
function refuse(response: ServerResponse, answer: GuardAnswer, request: IncomingMessage): void {
  if (!request.complete) response.setHeader('Connection', 'close');
  writeAnswer(response, answer);
}
