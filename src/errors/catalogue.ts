/** Every error a caller can meet: its status, its title, and what to do about it. `docs/errors.md` is made from this. */
export const CATALOGUE = {
  malformed_request: {
    status: 400,
    title: 'The request could not be read',
    help: 'Send valid JSON with Content-Type: application/json.',
  },
  batch_not_served: {
    status: 400,
    title: 'JSON-RPC batches are not served',
    help: 'Send one message per request.',
  },
  malformed_message: {
    status: 400,
    title: 'This is not a JSON-RPC message',
    help: 'Send one request, notification or response of JSON-RPC 2.0.',
  },
  session_required: {
    status: 400,
    title: 'A session id is needed',
    help: 'Send the Mcp-Session-Id that the answer to `initialize` carried.',
  },
  unknown_event: {
    status: 400,
    title: 'There is no such event to resume from',
    help: 'Leave Last-Event-ID out; events are kept for ten minutes.',
  },
  unsupported_revision: {
    status: 400,
    title: 'This protocol revision is not served in a session',
    help: 'Send the MCP-Protocol-Version that the answer to `initialize` named.',
  },
  missing_credential: {
    status: 401,
    title: 'A credential is needed',
    help: 'Send `Authorization: Bearer <access token or API key>` or `X-API-Key: <key>`.',
  },
  invalid_token: {
    status: 401,
    title: 'The access token is not valid',
    help: 'Log in or refresh for a new one, meant for this server, and send it unchanged.',
  },
  expired_token: {
    status: 401,
    title: 'The access token has expired',
    help: 'Refresh it with POST /auth/refresh.',
  },
  revoked_token: { status: 401, title: 'The session behind this token has ended', help: 'Log in again.' },
  invalid_api_key: {
    status: 401,
    title: 'The API key is not valid',
    help: 'Check for a typo and that the key is for this server (its `resource`), or make one with POST /keys. OAuth will not help here.',
  },
  expired_api_key: { status: 401, title: 'The API key has expired', help: 'Make a new key with POST /keys.' },
  ambiguous_credential: {
    status: 400,
    title: 'More than one credential was sent',
    help: 'Send either Authorization or X-API-Key, once.',
  },
  invalid_login: {
    status: 401,
    title: 'The e-mail address or the password is wrong',
    help: 'Check both and try again.',
  },
  invalid_refresh_token: {
    status: 401,
    title: 'The refresh token is not valid',
    help: 'Log in again: it was never issued, or its session has ended.',
  },
  expired_refresh_token: { status: 401, title: 'The refresh token has expired', help: 'Log in again.' },
  reused_refresh_token: {
    status: 401,
    title: 'The refresh token was used before',
    help: 'Log in again: the session was ended because someone may have copied the token.',
  },
  insufficient_scope: {
    status: 403,
    title: 'The credential lacks a scope',
    help: 'Use a credential that holds every scope named in this answer.',
  },
  address_not_allowed: {
    status: 403,
    title: 'The API key may not be used from this address',
    help: "Call from a network in the key's allowed_cidrs, or make a key without that limit.",
  },
  not_allowed: {
    status: 403,
    title: 'This caller may not do that',
    help: 'More scopes will not help.',
  },
  policy_denied: {
    status: 403,
    title: 'A policy of this service denies the call',
    help: 'Call something else, or ask the operator: more scopes will not help.',
  },
  origin_not_allowed: {
    status: 403,
    title: 'This Origin is not allowed',
    help: "Call from the service's own origin, or add the origin to ALLOWED_ORIGINS.",
  },
  not_found: { status: 404, title: 'There is nothing here', help: 'Check the path against /docs.' },
  unknown_session: {
    status: 404,
    title: 'There is no such MCP session',
    help: 'Begin a new one: send `initialize` without an Mcp-Session-Id.',
  },
  method_not_allowed: {
    status: 405,
    title: 'This method is not allowed here',
    help: 'Use a method from the Allow header.',
  },
  not_acceptable: {
    status: 406,
    title: 'The answer would be of a media type that was not accepted',
    help: 'Send Accept: application/json, text/event-stream.',
  },
  email_taken: {
    status: 409,
    title: 'This e-mail address is already registered',
    help: 'Log in, or register another address.',
  },
  payload_too_large: { status: 413, title: 'The request body is too large', help: 'Send less at once.' },
  unsupported_media_type: {
    status: 415,
    title: 'This media type is not understood',
    help: 'Send Content-Type: application/json.',
  },
  invalid_input: {
    status: 422,
    title: 'Some fields are not valid',
    help: 'Mend the fields that are named.',
  },
  weak_password: {
    status: 422,
    title: 'This password is too easy to guess',
    help: 'Follow the advice in `advice`.',
  },
  wrong_resource: {
    status: 400,
    title: 'This was granted for another resource',
    help: 'Leave `resource` out, or connect anew to the resource you need.',
  },
  invalid_scope: {
    status: 422,
    title: 'A scope is unknown',
    help: 'Use scopes that the resource offers: `scopes_supported` of its metadata lists them.',
  },
  rate_limited: { status: 429, title: 'Too many attempts', help: 'Wait for the seconds in Retry-After.' },
  internal: {
    status: 500,
    title: 'Something failed on our side',
    help: 'Try again; if it stays, report the request_id.',
  },
  unavailable: {
    status: 503,
    title: 'The service cannot answer right now',
    help: 'Try again after the seconds in Retry-After.',
  },
} as const satisfies Record<string, { status: number; title: string; help: string }>;

export type ErrorCode = keyof typeof CATALOGUE;
