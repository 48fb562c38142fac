import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { AuditTrail } from '../../src/ops/audit/audit-trail.js';
import { type Person, startTestService, type TestService } from '../support/harness.js';
import { OauthDriver } from '../support/oauth.js';
import { NOTES, operator } from '../support/operator.js';
import { queryOnce } from '../support/postgres.js';
import { askedWithTwo } from '../support/two-authorizations.js';

const REFUSED = `SELECT outcome, reason, principal, user_id, resource, operation, request_id FROM audit_events
  WHERE event = 'resource.refused'`;
const METADATA = 'https://notes.example.com/.well-known/oauth-protected-resource/mcp';

let service: TestService;
let admin: Awaited<ReturnType<typeof operator>>;
let person: Person;
let token: string;
let clientId: string;
beforeAll(async () => {
  service = await startTestService({ env: { TRUST_PROXY: '127.0.0.1' } });
  admin = await operator(service);
  await admin.resource();
  person = await service.person();
  const connected = await new OauthDriver(service).connect(person, {
    resource: NOTES.identifier,
    scope: 'pages:read',
  });
  token = connected.answer.body.access_token;
  clientId = connected.clientId;
});
afterAll(() => service.stop());

const query = (resource: string, scope?: string) =>
  `/forward-auth?${new URLSearchParams({ resource, ...(scope === undefined ? {} : { scope }) }).toString()}`;
const ask = (headers: Record<string, string>, scope?: string) =>
  service.call('GET', query(NOTES.identifier, scope), { headers });
const bearer = (value: string) => ({ Authorization: `Bearer ${value}` });
const makeKey = async (more: object = {}) =>
  (
    await service.call('POST', '/keys', {
      bearer: person.accessToken,
      body: { name: 'k', resource: NOTES.identifier, scopes: ['pages:read'], ...more },
    })
  ).body;
const challengeOf = ({ headers }: { headers: Headers }) => headers.get('www-authenticate');

describe('a proxy that asks', () => {
  test('hears of a token who it is, in words and in an assertion that our JWKS verifies', async () => {
    const answer = await ask({ ...bearer(token), 'X-Toolgate-Subject': 'root' }, 'pages:read');
    expect([answer.status, answer.text, answer.headers.get('cache-control')]).toEqual([204, '', 'no-store']);
    expect(Object.fromEntries([...answer.headers].filter(([name]) => name.startsWith('x-toolgate')))).toEqual(
      {
        'x-toolgate-subject': person.id,
        'x-toolgate-kind': 'user',
        'x-toolgate-client': clientId,
        'x-toolgate-scopes': 'pages:read',
        'x-toolgate-assertion': expect.any(String),
      },
    );
    const assertion = answer.headers.get('x-toolgate-assertion') ?? '';
    const jwks = createRemoteJWKSet(new URL(`${service.url}/.well-known/jwks.json`));
    const { payload } = await jwtVerify(assertion, jwks, {
      issuer: service.config.issuer,
      audience: NOTES.identifier,
      typ: 'toolgate-guard+jwt',
    });
    expect(payload).toMatchObject({ sub: person.id, client_id: clientId, scope: 'pages:read', kind: 'user' });
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(60);
    // It is no credential, neither there nor here.
    expect((await ask(bearer(assertion))).status).toBe(401);
    expect((await service.call('GET', '/auth/me', { bearer: assertion })).status).toBe(401);
  });

  test('hears of a key who owns it, in either header', async () => {
    const { key } = await makeKey();
    for (const headers of [bearer(key), { 'X-API-Key': key }]) {
      const answer = await ask(headers);
      const told = ['subject', 'kind', 'client'].map((one) => answer.headers.get(`x-toolgate-${one}`));
      expect([answer.status, ...told]).toEqual([204, person.id, 'api_key', '']);
    }
  });

  test('leaves a record of who lacked a scope, and none of strangers', async () => {
    await ask(bearer('nonsense'), 'pages:write');
    expect((await ask({ ...bearer(token), 'X-Request-Id': 'lacking-1' }, 'pages:write')).status).toBe(403);
    await service.app.get(AuditTrail).flush();
    expect(await queryOnce(service.databaseUrl, REFUSED)).toEqual([
      {
        outcome: 'denied',
        reason: 'insufficient_scope',
        principal: 'user',
        user_id: person.id,
        resource: NOTES.identifier,
        operation: NOTES.identifier,
        request_id: 'lacking-1',
      },
    ]);
  });

  test('is refused for a client with two bearers: the server behind may look at the other', async () => {
    for (const bearers of [
      [token, 'x'],
      ['x', token],
    ] as const)
      expect(await askedWithTwo(service.url + query(NOTES.identifier), 'GET', bearers)).toBe(401);
  });

  test('gets the challenge of the server behind it', async () => {
    const none = await ask({});
    expect([none.status, challengeOf(none)]).toEqual([
      401,
      `Bearer resource_metadata="${METADATA}", scope="pages:read"`,
    ]);
    expect(none.body).not.toHaveProperty('error');
    const bad = await ask(bearer('nonsense'), 'pages:write');
    expect(challengeOf(bad)).toBe(
      `Bearer resource_metadata="${METADATA}", scope="pages:write", error="invalid_token", error_description="The access token is not valid"`,
    );
    const weak = await ask(bearer(token), 'pages:read pages:write');
    expect([weak.status, weak.body.error, challengeOf(weak)]).toEqual([
      403,
      'insufficient_scope',
      `Bearer resource_metadata="${METADATA}", scope="pages:read pages:write", error="insufficient_scope", error_description="The credential lacks a scope"`,
    ]);
    expect(weak.headers.get('x-toolgate-subject')).toBeNull();
  });

  test.each<[string, () => Promise<Record<string, string>>]>([
    ['a token of the service itself', async () => Promise.resolve(bearer(person.accessToken))],
    ['a key of the service itself', async () => bearer((await makeKey({ resource: service.config.resource, scopes: ['mcp:read'] })).key)],
    ['a token and a key at once', async () => ({ ...bearer(token), 'X-API-Key': (await makeKey()).key })],
    ['a token in X-API-Key', async () => Promise.resolve({ 'X-API-Key': token })],
    ['Basic', async () => Promise.resolve({ Authorization: 'Basic dXNlcjpwYXNz' })],
  ])('refuses %s with 401, also when it was just used', async (_, headers) => {
    const sent = await headers();
    await service.call('GET', '/auth/me', { headers: sent });
    const answer = await ask(sent);
    expect([answer.status, challengeOf(answer)]).toEqual([401, expect.stringContaining('error="invalid_token"')]);
  }); // prettier-ignore

  test('is told by its own URL alone which resource it is: the client’s headers choose nothing', async () => {
    const forged = {
      'X-Toolgate-Resource': NOTES.identifier,
      'X-Toolgate-Scope': '',
      'X-Original-URL': query(NOTES.identifier),
      'X-Forwarded-Uri': query(NOTES.identifier),
      'X-Forwarded-Host': 'notes.example.com',
      ...bearer(token),
    };
    const other = { ...NOTES, identifier: 'https://other.example.com/mcp' };
    await admin.resource(other);
    expect((await service.call('GET', query(other.identifier), { headers: forged })).status).toBe(401);
    expect((await service.call('GET', '/forward-auth', { headers: forged })).status).toBe(422);
  });

  test.each([
    ['no resource', '/forward-auth', '/resource'],
    ['an unknown one', query('https://unknown.example.com/mcp'), '/resource'],
    ['two', `${query(NOTES.identifier)}&resource=https://other.example.com/mcp`, '/resource'],
    ['a scope that is none', query(NOTES.identifier, 'a"b'), '/scope'],
    ['a scope that was not filled in', query(NOTES.identifier, ''), '/scope'],
    ['two scopes in two places', `${query(NOTES.identifier, 'a:b')}&scope=c:d`, '/scope'],
  ])('with %s in its URL is told so', async (_, path, pointer) => {
    const answer = await service.call('GET', path, { headers: bearer(token) });
    expect([answer.status, challengeOf(answer)]).toEqual([422, null]);
    expect(answer.body.error_description).toMatch(new RegExp(`^${pointer.slice(1)} must`));
  });
});

test('a key that is bound to networks is good from there alone, and nowhere behind a proxy that is not trusted', async () => {
  const { key } = await makeKey({ allowed_cidrs: ['203.0.113.0/24', '127.0.0.0/8'] });
  const from = (address: string) => ask({ ...bearer(key), 'X-Forwarded-For': address });
  expect((await from('203.0.113.9')).status).toBe(204);
  expect((await from('198.51.100.9')).status).toBe(403);
  // A proxy that does not say where the caller is: its own address must not count as the caller's.
  expect((await ask(bearer(key))).status).toBe(403);
  const { databaseUrl, masterKey, url: publicUrl } = service;
  const untrusting = await startTestService({ databaseUrl, masterKey, publicUrl });
  const path = query(NOTES.identifier);
  const headers = { ...bearer(key), 'X-Forwarded-For': '203.0.113.9' };
  const answer = await untrusting.call('GET', path, { headers });
  const unbound = await untrusting.call('GET', path, { headers: bearer((await makeKey()).key) });
  await untrusting.stop();
  expect([answer.status, unbound.status]).toEqual([403, 204]);
});

test('what is revoked is refused within a second, and a removed resource lets nobody in', async () => {
  const { key, id } = await makeKey();
  expect((await ask(bearer(key))).status).toBe(204);
  await service.call('DELETE', `/keys/${id}`, { bearer: person.accessToken });
  await new Promise((resolve) => setTimeout(resolve, 1000));
  expect((await ask(bearer(key))).status).toBe(401);

  const gone = { ...NOTES, identifier: 'https://gone.example.com/mcp' };
  await admin.resource(gone);
  const made = await makeKey({ resource: gone.identifier });
  const there = () => service.call('GET', query(gone.identifier), { headers: bearer(made.key) });
  expect((await there()).status).toBe(204);
  await admin.removeResource(gone.identifier);
  expect((await there()).status).toBe(422);
  await admin.resource(gone);
  await new Promise((resolve) => setTimeout(resolve, 1000));
  expect((await there()).status).toBe(401);
});

describe('Envoy', () => {
  const path = '/forward-auth/envoy/mcp?resource=https://other.example.com/mcp&x=1';
  const headers = { 'X-Toolgate-Resource': NOTES.identifier, 'X-Toolgate-Scope': 'pages:read' };

  test.each(['GET', 'POST', 'DELETE', 'OPTIONS', 'PUT'])(
    'asks with %s and the client’s path',
    async (method) => {
      const yes = await service.call(method, path, { headers: { ...headers, ...bearer(token) } });
      // Envoy takes a 200 alone for a yes.
      expect([yes.status, yes.headers.get('x-toolgate-subject')]).toEqual([200, person.id]);
      const no = await service.call(method, path, { headers });
      expect([no.status, challengeOf(no)]).toEqual([401, expect.stringContaining(METADATA)]);
    },
  );

  test('is not answered by what the client’s own query says', async () => {
    const client = `/forward-auth/envoy/mcp?resource=${NOTES.identifier}`;
    const answer = await service.call('GET', client, { headers: bearer(token) });
    expect(answer.status).toBe(422);
  });
});

test('the metadata of the server behind is there for its proxy to serve', async () => {
  const path = `/resource-metadata?resource=${NOTES.identifier}`;
  const own = `/resource-metadata?resource=${service.config.resource}`;
  for (const { status, body, headers } of [
    await service.call('GET', path),
    // A header goes before the query, which may be the client's.
    await service.call('GET', own, { headers: { 'X-Toolgate-Resource': NOTES.identifier } }),
  ])
    expect([status, headers.get('access-control-allow-origin'), headers.get('vary'), body]).toEqual([
      200,
      '*',
      'X-Toolgate-Resource',
      {
        resource: NOTES.identifier,
        authorization_servers: [service.config.issuer],
        scopes_supported: ['pages:read', 'pages:write'],
        bearer_methods_supported: ['header'],
        resource_name: 'Notes',
      },
    ]);
  for (const wrong of ['/resource-metadata?resource=x', '/resource-metadata'])
    expect((await service.call('GET', wrong)).status).toBe(422);
});

test('a resource with a query has it in the URL of its metadata', async () => {
  const identifier = 'https://notes.example.com/mcp?tenant=1';
  await admin.resource({ identifier });
  expect(challengeOf(await service.call('GET', query(identifier)))).toContain(`"${METADATA}?tenant=1"`);
});
