import type { IncomingMessage, ServerResponse } from 'node:http';
import { guardNode, type GuardedIncomingMessage, type NodeGuardOptions } from './node.js';
import type { ResourceGuard } from './resource-guard.js';

/** What is looked at of an Express request; `ip` follows the application's `trust proxy`. */
type ExpressRequest = GuardedIncomingMessage & {
  readonly ip?: string | undefined;
  readonly originalUrl?: string;
};

/**
 * An Express middleware: `app.use(guardExpress(guard, { tools }))`. Before it, `express.json()` may have parsed the body;
 * without that the guard parses it. Everything after it has `request.principal` and `request.auth`.
 */
export function guardExpress(
  guard: ResourceGuard,
  options: NodeGuardOptions = {},
): (request: IncomingMessage, response: ServerResponse, next: (error?: unknown) => void) => void {
  const addressOf = (request: IncomingMessage) =>
    (request as ExpressRequest).ip ?? request.socket.remoteAddress ?? '';
  const decide = guardNode(guard, { addressOf, ...options });
  return (request, response, next) => {
    decide(request, response).then((answered) => {
      if (!answered) next();
    }, next);
  };
}
