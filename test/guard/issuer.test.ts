import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { JWTPayload } from 'jose';
import type { ToolgateError } from '../../src/errors/toolgate-error.js';
import { createResourceGuard, type ResourceGuardOptions } from '../../src/guard/create-guard.js';
import type { ResourceGuard } from '../../src/guard/resource-guard.js';
import { FakeIssuer, RESOURCE } from './fake-issuer.js';

const KEY = `tgk_${'a'.repeat(22)}_${'b'.repeat(49)}`;
const introspection = { clientId: 'pages server', clientSecret: 'p&ss:w%rd' };
let issuer: FakeIssuer;
beforeEach(async () => {
  issuer = await FakeIssuer.start();
});
afterEach(() => issuer.stop());

const guardFor = (options: Partial<ResourceGuardOptions> = {}) =>
  createResourceGuard({
    issuer: issuer.url,
    resource: RESOURCE,
    timeoutMs: 300,
    onFailure: () => undefined,
    ...options,
  });

/** 200, or the code of the refusal. */
async function outcome(guard: ResourceGuard, bearer: string, address = '127.0.0.1'): Promise<unknown> {
  try {
    await guard.authenticate({ headers: { authorization: `Bearer ${bearer}` }, address });
    return 200;
  } catch (error) {
    return (error as ToolgateError).code;
  }
}

test('an issuer whose metadata name another, be it by a slash, is not believed', async () => {
  issuer.named = `${issuer.url}/`;
  expect(await outcome(guardFor(), await issuer.token())).toBe('unavailable');
});

test.each(['silent', 'error', 'html', 'redirect'] as const)(
  'a first token while the issuer is in trouble (%s) is answered 503 in time, and admitted afterwards',
  async (trouble) => {
    const guard = guardFor();
    issuer.trouble = trouble;
    const began = performance.now();
    const error: unknown = await guard
      .authenticate({ headers: { authorization: `Bearer ${await issuer.token()}` }, address: '' })
      .catch((thrown: unknown) => thrown);
    expect(performance.now() - began).toBeLessThan(2000);
    expect(guard.answerFor(error)).toMatchObject({ status: 503, headers: { 'Retry-After': '2' } });
    issuer.trouble = undefined;
    expect(await outcome(guard, await issuer.token())).toBe(200);
  },
);

test('keys are read once, and outlive an issuer that is gone', async () => {
  const guard = guardFor();
  expect(await outcome(guard, await issuer.token())).toBe(200);
  await issuer.stop();
  expect(
    await Promise.all([issuer.token(), issuer.token()].map(async (token) => outcome(guard, await token))),
  ).toEqual([200, 200]);
  expect(issuer.asked.jwks).toBe(1);
  await issuer.listen();
});

test('through rotations, announced or not, no good token is refused', async () => {
  const guard = guardFor();
  for (let round = 0; round < 3; round += 1) {
    const before = await issuer.token();
    await issuer.rotate();
    const after = await Promise.all([issuer.token(), issuer.token(), issuer.token()]);
    expect(await Promise.all([before, ...after].map((token) => outcome(guard, token)))).toEqual([
      200, 200, 200, 200,
    ]);
  }
});

test('a flood of unknown kids costs the issuer one question a second, and a new key is found all the same', async () => {
  const guard = guardFor();
  expect(await outcome(guard, await issuer.token())).toBe(200);
  const began = performance.now();
  const flood = Array.from({ length: 200 }, async (_, index) =>
    outcome(guard, await issuer.token({}, { kid: `unknown ${index}` })),
  );
  await issuer.rotate();
  expect(await outcome(guard, await issuer.token())).toBe(200);
  expect(new Set(await Promise.all(flood))).toEqual(new Set(['invalid_token']));
  expect(issuer.asked.jwks).toBeLessThanOrEqual(2 + (performance.now() - began) / 1000);
});

test('a key that its issuer took away verifies nothing new once the keys are read again', async () => {
  const guard = guardFor();
  const old = await issuer.token();
  expect(await outcome(guard, await issuer.token())).toBe(200);
  await issuer.rotate();
  issuer.forgetOldKeys();
  expect(await outcome(guard, await issuer.token())).toBe(200);
  expect(await outcome(guard, old)).toBe('invalid_token');
});

test.each([
  ['an issuer with a slash', { iss: 'x/' }],
  ['two audiences', { aud: [RESOURCE, 'https://elsewhere.example'] }],
  ['one audience in a list', { aud: [RESOURCE] }],
  ['no session', { sid: undefined }],
  ['a sub that is neither a person nor the client', { sub: 'ada' }],
  ['an iat in the future', { iat: 9_999_999_000 }],
  ['a life of years', { iat: 1_000_000_000 }],
])('a signed token with %s is refused', async (_, claims) => {
  expect(await outcome(guardFor(), await issuer.token(claims as JWTPayload))).toMatch(
    /^(invalid|expired)_token$/,
  );
});

test('without introspection a key is refused with a 401 that says so', async () => {
  const guard = guardFor();
  const error: unknown = await guard
    .authenticate({ headers: { 'x-api-key': KEY }, address: '' })
    .catch((thrown: unknown) => thrown);
  const { status, body, headers } = guard.answerFor(error);
  expect([status, headers['WWW-Authenticate']]).toEqual([
    401,
    expect.stringContaining('error="invalid_token"'),
  ]);
  expect(body).toContain('takes access tokens alone');
});

test('a revoked token is refused when the answer of the introspection is half a second old', async () => {
  issuer.introspected = () => ({ active: true, sub: 's', aud: RESOURCE, scope: '', token_type: 'Bearer' });
  const guard = guardFor({ introspection });
  const token = await issuer.token();
  expect(await outcome(guard, token)).toBe(200);
  issuer.introspected = () => ({ active: false });
  const began = performance.now();
  while ((await outcome(guard, token)) === 200) await new Promise((resolve) => setTimeout(resolve, 20));
  expect(performance.now() - began).toBeLessThan(900);
  expect(await outcome(guard, token)).toBe('revoked_token');
});

test('a thousand calls with one credential at once put one question, by the client with its encoded secret', async () => {
  issuer.introspected = () => ({ active: true, sub: 's', aud: RESOURCE, scope: '', token_type: 'Bearer' });
  const guard = guardFor({ introspection });
  const token = await issuer.token();
  await Promise.all(Array.from({ length: 1000 }, () => outcome(guard, token)));
  expect(issuer.asked.introspection).toBe(1);
  const pair = Buffer.from((issuer.authorizations[0] ?? '').slice('Basic '.length), 'base64').toString();
  expect(pair.split(':').map(decodeURIComponent)).toEqual([
    introspection.clientId,
    introspection.clientSecret,
  ]);
});

test('a token that does not verify here is not even asked about', async () => {
  const guard = guardFor({ introspection });
  expect(await outcome(guard, await issuer.token({ aud: 'https://elsewhere.example' }))).toBe(
    'invalid_token',
  );
  expect(await outcome(guard, 'tgk_garbage')).toBe('invalid_api_key');
  expect(issuer.asked.introspection).toBe(0);
});

test.each(['silent', 'error', 'html', 'redirect'] as const)(
  'while the introspection is in trouble (%s) nobody is let in: 503',
  async (trouble) => {
    const guard = guardFor({ introspection });
    issuer.introspected = () => ({ active: true, sub: 's', aud: RESOURCE, scope: '', token_type: 'Bearer' });
    expect(await outcome(guard, await issuer.token())).toBe(200);
    issuer.trouble = trouble;
    expect([await outcome(guard, await issuer.token()), await outcome(guard, KEY)]).toEqual([
      'unavailable',
      'unavailable',
    ]);
  },
);

test('a key is a principal with its scopes, for its resource and from its networks alone', async () => {
  const guard = guardFor({ introspection });
  const living = {
    active: true,
    sub: 'u',
    aud: RESOURCE,
    scope: 'pages:read',
    token_type: 'Bearer',
    key_id: 'k',
  };
  issuer.introspected = () => ({ ...living, allowed_cidrs: ['10.0.0.0/8'] });
  expect(await guard.authenticate({ headers: { 'x-api-key': KEY }, address: '::ffff:10.1.2.3' })).toEqual({
    kind: 'api_key',
    userId: 'u',
    keyId: 'k',
    scopes: ['pages:read'],
    resource: RESOURCE,
  });
  expect(await outcome(guard, KEY, '192.0.2.1')).toBe('address_not_allowed');
  issuer.introspected = () => ({ ...living, aud: 'https://elsewhere.example/mcp' });
  expect(await outcome(guardFor({ introspection }), KEY)).toBe('invalid_api_key');
});

test('a person who holds less by now is what the introspection says', async () => {
  issuer.introspected = () => ({
    active: true,
    sub: 's',
    aud: RESOURCE,
    scope: 'a:read',
    token_type: 'Bearer',
  });
  const headers = { authorization: `Bearer ${await issuer.token({ scope: 'a:read a:write' })}` };
  const { scopes } = await guardFor({ introspection }).authenticate({ headers, address: '' });
  expect(scopes).toEqual(['a:read']);
});

test('a hierarchy of scopes is followed through every step, and a 403 names all that is needed', () => {
  const guard = guardFor({
    scopeHierarchy: [
      ['pages:own', 'pages:edit'],
      ['pages:edit', 'pages:view'],
    ],
  });
  const scopes = ['pages:own'];
  const principal = { kind: 'client', clientId: 'c', sessionId: 's', scopes, resource: RESOURCE } as const;
  guard.requireScopes(principal, ['pages:view', 'pages:edit']);
  let thrown: unknown;
  try {
    guard.requireScopes(principal, ['pages:view', 'pages:burn']);
  } catch (error) {
    thrown = error;
  }
  expect(guard.answerFor(thrown).headers['WWW-Authenticate']).toContain('scope="pages:view pages:burn"');
});

test.each([
  { issuer: 'nonsense' },
  { resource: 'https://a.example/#x' },
  { introspection: { clientId: '', clientSecret: 'x' } },
  { scopeHierarchy: [['a:b', 'a:b']] },
])('options that cannot work end the start: %j', (options) => {
  expect(() => guardFor(options)).toThrow(/must/);
});
