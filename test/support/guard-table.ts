import { expect } from '@jest/globals';
import type { GuardCredentials, GuardedScopes } from './guard-credentials.js';

/** One MCP server behind a guard, as its callers see it. */
export interface GuardedServer {
  readonly url: string;
  readonly resource: string;
  readonly scopes: GuardedScopes;
  /** A tool that needs `read` alone, and one that needs `write` alone, with arguments that they take. */
  readonly readTool: ToolCall;
  readonly writeTool: ToolCall;
}
interface ToolCall {
  readonly name: string;
  readonly arguments: Record<string, unknown>;
}

type Headers = Record<string, string>;
interface Case {
  readonly name: string;
  readonly headers: (made: GuardCredentials) => Headers;
  readonly body?: (server: GuardedServer) => unknown;
  readonly query?: (made: GuardCredentials) => string;
  readonly status: number;
  readonly challenge?: 'missing' | 'invalid' | 'scope';
}

const call = (tool: ToolCall) => ({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: tool });
const list = { jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} };
const bearer = (credential: string): Headers => ({ Authorization: `Bearer ${credential}` });
const xApiKey = (key: string): Headers => ({ 'X-API-Key': key });
const read = (server: GuardedServer) => call(server.readTool);
const write = (server: GuardedServer) => call(server.writeTool);

const admitted = (name: string, headers: Case['headers'], body: Case['body'] = read): Case => ({
  name,
  headers,
  body,
  status: 200,
});
const unknown = (name: string, headers: Case['headers']): Case => ({
  name,
  headers,
  status: 401,
  challenge: 'invalid',
});

/** What every guard must do alike: the service itself, the library in any framework, and the guard proxy. */
export const GUARD_TABLE: readonly Case[] = [
  { name: 'no credential', headers: () => ({}), status: 401, challenge: 'missing' },
  {
    name: 'a token in the query alone',
    headers: () => ({}),
    query: (made) => `access_token=${made.good}`,
    status: 401,
    challenge: 'missing',
  },
  unknown('garbage', (made) => bearer(made.garbage)),
  unknown('another scheme', () => ({ Authorization: 'Basic dTpw' })),
  unknown('an expired token', (made) => bearer(made.expired)),
  unknown('a token for another audience', (made) => bearer(made.wrongAudience)),
  unknown('a token for a sibling path', (made) => bearer(made.siblingPath)),
  unknown('a token for two audiences', (made) => bearer(made.twoAudiences)),
  unknown('a token of another typ', (made) => bearer(made.wrongTyp)),
  unknown('an id_token', (made) => bearer(made.idToken)),
  unknown('alg none', (made) => bearer(made.algNone)),
  unknown('HS256 with the public key', (made) => bearer(made.hs256)),
  unknown('a signature by a stranger', (made) => bearer(made.stranger)),
  unknown('a refresh token', (made) => bearer(made.refreshToken)),
  unknown('a revoked session', (made) => bearer(made.revoked)),
  unknown('a disabled user', (made) => bearer(made.disabled)),
  unknown('a mistyped key', (made) => bearer(made.mistypedKey)),
  unknown('a revoked key', (made) => bearer(made.revokedKey)),
  unknown('an expired key', (made) => xApiKey(made.expiredKey)),
  unknown('a key for another resource', (made) => xApiKey(made.keyOfAnother)),
  unknown('an access token as X-API-Key', (made) => xApiKey(made.good)),
  { name: 'a key from a wrong network', headers: (made) => bearer(made.keyElsewhere), status: 403 },
  {
    name: 'both headers',
    headers: (made) => ({ ...bearer(made.good), ...xApiKey(made.key) }),
    status: 400,
  },
  {
    name: 'a page of another site',
    headers: (made) => ({ ...bearer(made.good), Origin: 'https://evil.example' }),
    status: 403,
  },
  {
    name: 'a batch',
    headers: (made) => bearer(made.good),
    body: (server) => [call(server.readTool), call(server.writeTool)],
    status: 400,
  },
  {
    name: 'a batch that hides a call from a reader',
    headers: (made) => bearer(made.reader),
    body: (server) => [list, call(server.writeTool)],
    status: 400,
  },
  {
    name: 'a reader who writes, by a name that no list showed',
    headers: (made) => bearer(made.reader),
    body: write,
    status: 403,
    challenge: 'scope',
  },
  {
    name: 'a key that reads, writing',
    headers: (made) => bearer(made.readerKey),
    body: write,
    status: 403,
    challenge: 'scope',
  },
  admitted('a good token that reads', (made) => bearer(made.good)),
  admitted('a good token that writes', (made) => bearer(made.good), write),
  admitted('a reader who reads', (made) => bearer(made.reader)),
  admitted('a good key', (made) => bearer(made.key), write),
  admitted('a good key as X-API-Key', (made) => xApiKey(made.key)),
  admitted('a key from its network', (made) => bearer(made.keyHere)),
];

export async function post(
  server: GuardedServer,
  headers: Headers,
  body: unknown,
  query?: string,
): Promise<{ status: number; challenge: string | null; text: string }> {
  const response = await fetch(server.url + (query === undefined ? '' : `?${query}`), {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
      Accept: 'application/json, text/event-stream',
      'MCP-Protocol-Version': '2025-06-18',
      // One server after another may listen on this port.
      Connection: 'close',
      ...headers,
    },
    body: JSON.stringify(body),
  });
  return {
    status: response.status,
    challenge: response.headers.get('www-authenticate'),
    text: await response.text(),
  };
}

/** Name and value of each attribute, in order; the words for people are left out. */
function attributes(challenge: string | null): [string, string][] | null {
  if (challenge === null) return null;
  expect(challenge).toMatch(/^Bearer (?:[a-z_]+="[^"\\]*"(?:, |$))+$/);
  return [...challenge.matchAll(/([a-z_]+)="([^"]*)"/g)]
    .map(([, name = '', value = '']): [string, string] => [name, value])
    .map(([name, value]) => [name, name === 'error_description' ? '' : value]);
}

function expectedChallenge({ challenge }: Case, server: GuardedServer): [string, string][] | null {
  if (challenge === undefined) return null;
  const { origin, pathname } = new URL(server.resource);
  const metadata = `${origin}/.well-known/oauth-protected-resource${pathname === '/' ? '' : pathname}`;
  const { read: reads, write: writes } = server.scopes;
  const error = challenge === 'scope' ? 'insufficient_scope' : 'invalid_token';
  return [
    ['resource_metadata', metadata],
    ['scope', challenge === 'scope' ? writes : `${reads} ${writes}`],
    ...(challenge === 'missing' ? [] : ([['error', error], ['error_description', '']] satisfies [string, string][])),
  ]; // prettier-ignore
}

/** Sends one row and compares status and challenge; a call that is let through must also have been answered by its tool. */
export async function checkGuardCase(
  row: Case,
  server: GuardedServer,
  made: GuardCredentials,
): Promise<void> {
  const body = (row.body ?? read)(server);
  const answer = await post(server, row.headers(made), body, row.query?.(made));
  expect({
    status: answer.status,
    challenge: attributes(answer.challenge),
  }).toEqual({ status: row.status, challenge: expectedChallenge(row, server) });
  if (row.status === 200) {
    expect(answer.text).toContain('"result"');
    expect(answer.text).not.toMatch(/"isError":\s*true/);
  } else {
    expect(answer.text).not.toContain('"result"');
  }
}

/** One row's whole answer, in words that are the same of every server: two guards that agree give equal ones. */
export async function guardAnswer(row: Case, server: GuardedServer, made: GuardCredentials) {
  const answer = await post(server, row.headers(made), (row.body ?? read)(server), row.query?.(made));
  const { origin } = new URL(server.resource);
  return {
    status: answer.status,
    challenge: answer.challenge?.replaceAll(origin, 'ORIGIN'),
    // What is let through, the server itself answers.
    refusal: answer.status === 200 ? undefined : (JSON.parse(answer.text) as unknown),
  };
}

/** What a caller is shown: the reader must not see the tool that writes. */
export async function toolNames(server: GuardedServer, credential: string): Promise<string[]> {
  const { text } = await post(server, bearer(credential), list);
  return [...text.matchAll(/"name":\s*"([^"]+)"/g)].map(([, name = '']) => name);
}
