import { DEEPEST } from '../../access/nesting.js';
import { ToolgateError } from '../../errors/toolgate-error.js';
import { invalidRequest, RpcError, type RpcId } from './rpc-error.js';

export type Json = Record<string, unknown>;

/** One JSON-RPC message of a caller, as far as anything here looks at it. What is forwarded is made anew from `json`. */
export interface Message {
  readonly json: Json;
  readonly kind: 'request' | 'notification' | 'response';
  /** Null for what has none. */
  readonly id: RpcId;
  /** Empty for a response. */
  readonly method: string;
  readonly params: Json;
  /** The revision of a request of 2026-07-28 or later; undefined for the 2025 revisions. */
  readonly revision: string | undefined;
}

const MEMBERS = ['jsonrpc', 'id', 'method', 'params', 'result', 'error'];
/** What decides about a call. Go's decoder, for one, takes `Name` for `name`, and the last of both wins. */
const DECISIVE = new Map(
  ['name', 'uri', 'ref', 'taskId', 'level', 'cursor', '_meta'].map((key) => [key.toLowerCase(), key]),
);
const REVISION = 'io.modelcontextprotocol/protocolVersion';

export const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * Reads a body into the one message that is checked. Duplicate keys, other spellings of a key, unknown members, numbers
 * that another parser reads otherwise: nothing of that reaches the server behind, since it gets {@link Message.json}.
 *
 * @throws ToolgateError `malformed_request`, `batch_not_served`; RpcError
 */
export function parseMessage(body: Buffer): Message {
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    throw new RpcError(400, -32700, 'The body is not JSON in UTF-8.');
  }
  if (Array.isArray(parsed)) throw new ToolgateError('batch_not_served');
  if (!isObject(parsed) || parsed['jsonrpc'] !== '2.0')
    throw invalidRequest('This is no JSON-RPC 2.0 message.');
  requirePlain(parsed, 0);
  const given = parsed;
  const json: Json = {};
  for (const name of MEMBERS) if (Object.hasOwn(given, name)) json[name] = given[name];
  return classify(json);
}

function classify(json: Json): Message {
  const { id, method, params = {} } = json;
  if (id !== undefined && typeof id !== 'string' && typeof id !== 'number')
    throw invalidRequest('`id` must be a string or a number.');
  const isResponse = Object.hasOwn(json, 'result') || Object.hasOwn(json, 'error');
  if (method === undefined) {
    if (!isResponse || id === undefined)
      throw invalidRequest('A message needs a `method`, or an `id` and a `result`.');
    return { json, kind: 'response', id, method: '', params: {}, revision: undefined };
  }
  if (typeof method !== 'string' || isResponse)
    throw invalidRequest('A message is either a call or an answer.');
  if (!isObject(params)) throw new RpcError(400, -32602, '`params` must be an object.');
  for (const key of Object.keys(params)) {
    const meant = DECISIVE.get(key.toLowerCase());
    if (meant !== undefined && meant !== key)
      throw invalidRequest(`\`params\` has a \`${meant}\` in another case.`);
  }
  const meta = isObject(params['_meta']) ? params['_meta'] : {};
  const revision = meta[REVISION];
  if (revision !== undefined && typeof revision !== 'string')
    throw new RpcError(400, -32602, 'The protocol version in `_meta` must be a string.');
  return {
    json,
    kind: id === undefined ? 'notification' : 'request',
    id: id ?? null,
    method,
    params,
    revision,
  };
}

/** Only what every JSON parser reads alike, and what can be written again. */
function requirePlain(value: unknown, depth: number): void {
  if (
    typeof value === 'number' &&
    (!Number.isFinite(value) || (Number.isInteger(value) && !Number.isSafeInteger(value)))
  )
    throw invalidRequest('A number is too large to be passed on exactly. Send it as a string.');
  if (typeof value !== 'object' || value === null) return;
  if (depth > DEEPEST) throw invalidRequest('The message is nested too deeply.');
  if (Object.hasOwn(value, '__proto__')) throw invalidRequest('`__proto__` is no member of a message.');
  for (const member of Object.values(value)) requirePlain(member, depth + 1);
}
