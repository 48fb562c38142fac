import { expect } from '@jest/globals';
import type { ClientProxy } from '@nestjs/microservices';
import { firstValueFrom } from 'rxjs';
import type { GuardCredentials } from './guard-credentials.js';
import { GUARD_TABLE, type GuardedServer, post } from './guard-table.js';

/** The answer to a message: what came back, or the error in its place. */
export interface Reply {
  readonly answer?: any; // eslint-disable-line @typescript-eslint/no-explicit-any
  readonly error?: any; // eslint-disable-line @typescript-eslint/no-explicit-any
}

export async function ask(client: ClientProxy, pattern: string, data: unknown): Promise<Reply> {
  try {
    return { answer: await firstValueFrom(client.send<unknown, unknown>(pattern, data)) };
  } catch (error) {
    return { error };
  }
}

const HTTP_ALONE = [
  'a token in the query alone',
  'another scheme',
  'an access token as X-API-Key',
  'both headers',
  'a page of another site',
];
/** The rows about one credential, whichever way it came. */
export const MESSAGE_TABLE = GUARD_TABLE.filter(
  ({ name }) => !HTTP_ALONE.includes(name) && !name.startsWith('a batch'),
);

const withoutWords = (challenge: string | null) =>
  challenge?.replace(/error_description="[^"]*"/, 'error_description=""') ?? null;

/** One row by message and over HTTP: the same status and challenge, or let through by both. */
export async function checkLikeHttp(
  row: (typeof MESSAGE_TABLE)[number],
  server: GuardedServer,
  made: GuardCredentials,
  verify: (message: object) => Promise<Reply>,
): Promise<void> {
  const headers = row.headers(made);
  const credential = headers['Authorization']?.replace('Bearer ', '') ?? headers['X-API-Key'];
  const call = (row.body?.(server) as { params: GuardedServer['readTool'] } | undefined)?.params;
  const writes = call?.name === server.writeTool.name;
  const { answer, error } = await verify({
    credential,
    resource: server.resource,
    scopes: [writes ? server.scopes.write : server.scopes.read],
    address: '127.0.0.1',
  });
  expect(error).toBeUndefined();
  const body = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: call ?? server.readTool };
  const http = await post(server, headers, body);
  expect(http.status).toBe(row.status);
  expect(answer.allowed).toBe(row.status === 200);
  if (answer.allowed === true) return;
  expect({
    status: answer.status,
    challenge: withoutWords(answer.headers['WWW-Authenticate'] ?? null),
  }).toEqual({ status: http.status, challenge: withoutWords(http.challenge) });
  if (row.challenge !== 'missing' && row.status === 401) expect(answer.body.error).toBe('invalid_token');
}
