/** A refusal that an MCP client reads as the answer to its message: JSON-RPC in the body, a status for everybody else. */
export class RpcError extends Error {
  override readonly name = 'RpcError';
  constructor(
    readonly status: number,
    readonly code: number,
    message: string,
    readonly headers: Readonly<Record<string, string>> = {},
    /** For the log alone. */
    readonly reason = message,
  ) {
    super(message);
  }
}

export type RpcId = string | number | null;

export const errorMessage = (id: RpcId, { code, message }: Pick<RpcError, 'code' | 'message'>) => ({
  jsonrpc: '2.0',
  id,
  error: { code, message },
});

/** Spec 2026-07-28, transports: the headers say other than the body. */
export const headerMismatch = (message: string) => new RpcError(400, -32020, message);
export const invalidRequest = (message: string) => new RpcError(400, -32600, message);
export const sessionNotFound = () =>
  new RpcError(404, -32001, 'There is no such session. Send `initialize` for a new one.');

/** The server behind the guard failed; the caller did nothing wrong and may try again. */
export const upstreamFailed = (message: string, reason?: string, status: 502 | 503 | 504 = 502) =>
  new RpcError(status, -32603, message, status === 503 ? { 'Retry-After': '2' } : {}, reason);
