import { expect } from '@jest/globals';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import type { Seen, Upstream } from '../gateway/proxy/support.js';
import type { GuardCredentials } from './guard-credentials.js';
import { checkGuardCase, GUARD_TABLE, type GuardedServer } from './guard-table.js';
import type { TestService } from './harness.js';

/** As the shipped snippets have them: all but what they name needs both. */
export const SCOPES = { read: 'pages:read', write: 'pages:write' };
export const BOTH = `${SCOPES.read} ${SCOPES.write}`;

// What stands in a message, and which site a page is of, is for the server behind to look at. Readers have a place of their own.
const OUT = [
  'a page of another site',
  'a batch',
  'a batch that hides a call from a reader',
  'a reader who reads',
];

/** The rows of the one table that a question about headers can answer. */
export const PROXY_TABLE = GUARD_TABLE.filter(({ name }) => !OUT.includes(name));
if (GUARD_TABLE.length - PROXY_TABLE.length !== OUT.length) throw new Error('the table has changed');

type Row = (typeof GUARD_TABLE)[number];

/** The row as a server behind a proxy must answer it; what is refused must not reach that server. */
export async function checkProxyCase(
  row: Row,
  server: GuardedServer,
  made: GuardCredentials,
  upstream: Upstream,
) {
  const before = upstream.seen.length;
  // No proxy can pass on a 400; a place needs all of its scopes, and says so.
  const told: Row = row.name === 'both headers' ? { ...row, status: 401, challenge: 'invalid' } : row;
  const needed = row.challenge === 'scope' ? { ...SCOPES, write: BOTH } : SCOPES;
  await checkGuardCase(told, { ...server, scopes: needed }, made);
  expect(upstream.seen.length - before).toBe(row.status === 200 ? 1 : 0);
}

const NAMES = ['Subject', 'Kind', 'Client', 'Scopes', 'Assertion', 'Resource', 'Scope'];
/** What a client might claim about itself. */
export const FORGED = Object.fromEntries(NAMES.map((name) => [`X-Toolgate-${name}`, 'forged']));

/** That the server behind got to know who calls, in words and provably, and neither credential nor claim of the client. */
export async function checkIdentity(
  { headers }: Seen,
  expected: {
    readonly kind: string;
    readonly credential: string;
    readonly resource: string;
    readonly service: TestService;
  },
): Promise<void> {
  const { kind, credential, resource, service } = expected;
  expect(JSON.stringify(headers)).not.toContain('forged');
  expect(JSON.stringify(headers)).not.toContain(credential);
  expect([headers.authorization, headers['x-api-key']]).toEqual([undefined, undefined]);
  const jwks = createRemoteJWKSet(new URL(`${service.url}/.well-known/jwks.json`));
  const { payload } = await jwtVerify(String(headers['x-toolgate-assertion']), jwks, {
    issuer: service.config.issuer,
    audience: resource,
    typ: 'toolgate-guard+jwt',
  });
  expect(payload).toMatchObject({ sub: expect.any(String), kind, scope: expect.stringContaining(BOTH) });
  expect(headers).toMatchObject({ 'x-toolgate-subject': payload.sub, 'x-toolgate-kind': kind });
  expect(headers['x-toolgate-scopes']).toBe(payload['scope']);
  expect(headers['x-toolgate-client'] ?? '').toBe(payload['client_id'] ?? '');
}
