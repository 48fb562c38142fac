import type { FastifyReply, FastifyRequest, onRequestHookHandler } from 'fastify';

/** What an API's answers carry (OWASP REST security); pages set a Content-Security-Policy of their own over it. */
const SECURITY = {
  'content-security-policy': "default-src 'none';frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'strict-transport-security': 'max-age=31536000; includeSubDomains',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
} as const;

/** Open where no cookie counts: what a browser-based client reads or calls with its own credential (clients rule 9). */
const OPEN_PATHS =
  /^\/(?:\.well-known\/|mcp(?:[/?]|$)|resource-metadata(?:\?|$)|oauth\/(?:register|token|revoke|userinfo)(?:[/?]|$))/;
const OPEN = {
  ...SECURITY,
  'access-control-allow-origin': '*',
  'access-control-expose-headers': 'WWW-Authenticate, Mcp-Session-Id, Retry-After',
} as const;
/** The same, name after value, for who writes an answer by itself. */
export const headersFor = (path: string): string[] =>
  Object.entries(OPEN_PATHS.test(path) ? OPEN : SECURITY).flat();

const PREFLIGHT = {
  'access-control-allow-methods': 'GET, POST, DELETE',
  'access-control-allow-headers':
    'Authorization, Content-Type, X-API-Key, MCP-Protocol-Version, Mcp-Session-Id, Mcp-Method, Mcp-Name',
  'access-control-max-age': '600',
} as const;

/**
 * The headers that every answer carries, made once: plugins that work them out anew cost more than most of our handlers
 * (docs/adr/0011). Answers a CORS preflight by itself.
 */
export const answerHeaders: onRequestHookHandler = (request, reply, done) => {
  const open = OPEN_PATHS.test(request.raw.url ?? '');
  void reply.headers(open ? OPEN : SECURITY).header('x-request-id', request.id);
  if (open && isPreflight(request)) preflight(reply);
  else done();
};

const isPreflight = ({ raw: { method, headers } }: FastifyRequest): boolean =>
  method === 'OPTIONS' &&
  headers.origin !== undefined &&
  headers['access-control-request-method'] !== undefined;

function preflight(reply: FastifyReply): void {
  void reply.code(204).headers(PREFLIGHT).header('content-length', '0').send();
}
