import { CATALOGUE, type ErrorCode } from './catalogue.js';
import type { ToolgateError } from './toolgate-error.js';

/** JSON-RPC 2.0 section 5.1 leaves -32000 to -32099 to servers; the ones from -32020 are MCP's own. */
const RPC_CODES: Partial<Record<ErrorCode, number>> = {
  policy_denied: -32003,
  rate_limited: -32005,
  unavailable: -32006,
};

/** The id of a JSON-RPC request; undefined for a notification and for what is no message. */
function requestIdOf(body: unknown): string | number | undefined {
  if (typeof body !== 'object' || body === null || !('method' in body) || !('id' in body)) return undefined;
  return typeof body.id === 'string' || typeof body.id === 'number' ? body.id : undefined;
}

/** The refusal of one call in the client's own protocol; undefined where OAuth has the word, or nobody asked. */
export function rpcError(error: ToolgateError, detail: string, body: unknown): object | undefined {
  const [code, id] = [RPC_CODES[error.code], requestIdOf(body)];
  if (code === undefined || id === undefined) return undefined;
  const { help } = CATALOGUE[error.code];
  const retryAfter = error.options.headers?.['Retry-After'];
  const data = {
    code: error.code,
    help,
    ...(retryAfter !== undefined && { retry_after: Number(retryAfter) }),
  };
  return { jsonrpc: '2.0', id, error: { code, message: detail, data } };
}
