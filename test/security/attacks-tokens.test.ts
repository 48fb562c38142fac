import { createHmac, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { exportJWK, exportSPKI, generateKeyPair, importJWK, type JWTPayload, SignJWT } from 'jose';
import { ResourcesRepository } from '../../src/resources/resources.repository.js';
import { KeyRing } from '../../src/tokens/key-ring.js';
import { type Answer, startTestService, type TestService } from '../support/harness.js';
import { OauthDriver } from '../support/oauth.js';

let service: TestService;
let oauth: OauthDriver;
let genuine: string;
let sibling: string;
/** By name: what no endpoint may take for an access token to /mcp. */
const forged: Record<string, string> = {};

const claimsOf = (token: string): JWTPayload =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as JWTPayload;
const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

beforeAll(async () => {
  service = await startTestService();
  oauth = new OauthDriver(service);
  const identifier = `${service.config.resource}/sibling`;
  const scopes = [{ name: 'notes:read', description: 'Read' }];
  await service.app
    .get(ResourcesRepository)
    .save({ identifier, name: 'Sibling', scopes, defaultScopes: ['notes:read'], tools: [] }, new Date());
  const person = await service.person();
  const first = await oauth.connect(person, { scope: 'openid notes:read' });
  const second = await oauth.connect(person, { resource: identifier });
  genuine = first.answer.body.access_token;
  sibling = second.answer.body.access_token;

  const ring = service.app.get(KeyRing);
  const { kid, key, algorithm } = ring.signingKey();
  const claims = claimsOf(genuine);
  const now = Math.floor(Date.now() / 1000);
  const sign = (payload: JWTPayload, header: object = {}, by: Parameters<SignJWT['sign']>[0] = key) =>
    new SignJWT(payload).setProtectedHeader({ alg: algorithm, typ: 'at+jwt', kid, ...header }).sign(by);
  const without = (name: string) =>
    Object.fromEntries(Object.entries(claims).filter(([one]) => one !== name));
  const publicKey = await importJWK(ring.jwks().keys[0] ?? {}, algorithm, { extractable: true });
  if (publicKey instanceof Uint8Array) throw new Error('not a public key');
  const stranger = await generateKeyPair('ES256', { extractable: true });
  const hmac = (secret: string, header: object) => {
    const text = `${encode({ alg: 'HS256', typ: 'at+jwt', ...header })}.${encode(claims)}`;
    return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
  };
  const bodyOf = genuine.split('.')[1] ?? '';
  const none = (alg: string) => `${encode({ alg, typ: 'at+jwt', kid })}.${bodyOf}.`;
  const embedded = { jwk: await exportJWK(stranger.publicKey) };
  Object.assign(forged, {
    'aud: [ours, other]': await sign({
      ...claims,
      aud: [service.config.resource, 'https://other.example/mcp'],
    }),
    'aud: [ours]': await sign({ ...claims, aud: [service.config.resource] }),
    'a sibling path’s token': sibling,
    'the issuer as aud': await sign({ ...claims, aud: service.config.issuer }),
    'an id_token': first.answer.body.id_token,
    'a session cookie': (Reflect.get(first.browser, 'cookies') as Map<string, string>).get('toolgate-login'),
    'a browser cookie': (Reflect.get(first.browser, 'cookies') as Map<string, string>).get(
      'toolgate-browser',
    ),
    'a refresh token': first.answer.body.refresh_token,
    'a code': first.redemption.code,
    'alg none': none('none'),
    'alg NoNe': none('NoNe'),
    'no alg': `${encode({ typ: 'at+jwt', kid })}.${bodyOf}.`,
    'HS256 with the public key in PEM': hmac(await exportSPKI(publicKey), { kid }),
    'HS256 with the public key as JWK': hmac(JSON.stringify(ring.jwks().keys[0]), { kid }),
    'HS256 with nothing': hmac('', { kid }),
    'kid: a path': hmac('', { kid: '../../../../dev/null' }),
    'kid: SQL': hmac('x', { kid: "x' UNION SELECT 'x' --" }),
    'kid: NUL': await sign(claims, { kid: '\u0000' }, stranger.privateKey),
    'kid: __proto__': await sign(claims, { kid: '__proto__' }, stranger.privateKey),
    'a key of the sender in the header': await sign(claims, embedded, stranger.privateKey),
    'jku of the sender': await sign(claims, { jku: 'https://evil.com/jwks' }, stranger.privateKey),
    'no kid': await new SignJWT(claims).setProtectedHeader({ alg: algorithm, typ: 'at+jwt' }).sign(key),
    'no exp': await sign(without('exp')),
    'no iat': await sign(without('iat')),
    'no sid': await sign(without('sid')),
    'no aud': await sign(without('aud')),
    'exp in the past': await sign({ ...claims, iat: now - 100, exp: now - 1 }),
    'iat in the future': await sign({ ...claims, iat: now + 600, exp: now + 900 }),
    'nbf in the future': await sign({ ...claims, nbf: now + 600 }),
    'exp far away': await sign({ ...claims, iat: now - 3000, exp: now + 90_000 }),
    'typ JWT': await sign(claims, { typ: 'JWT' }),
    'no typ': await new SignJWT(claims).setProtectedHeader({ alg: algorithm, kid }).sign(key),
    'crit of nobody': await sign(claims, {})
      .then((token) => token.split('.'))
      .then(
        ([, body = '']) =>
          `${encode({ alg: algorithm, typ: 'at+jwt', kid, crit: ['x'], x: 1 })}.${body}.AAAA`,
      ),
    'more in it, and the signature of the genuine one': [
      genuine.split('.')[0],
      encode({ ...claims, scope: 'admin mcp:admin' }),
      genuine.split('.')[2],
    ].join('.'),
    'another iss': await sign({ ...claims, iss: `${service.config.issuer}/` }),
    'a session nobody opened, by a stranger': await sign(
      { ...claims, sid: randomUUID() },
      {},
      stranger.privateKey,
    ),
  });
});
afterAll(() => service.stop());

const list = { jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} };
const mcp = (bearer: string): Promise<Answer> =>
  service.call('POST', '/mcp', {
    bearer,
    body: list,
    headers: { Accept: 'application/json, text/event-stream' },
  });

const AUDIENCE = ['aud: [ours, other]', 'aud: [ours]', 'a sibling path’s token', 'the issuer as aud', 'an id_token',
  'a session cookie', 'a browser cookie', 'a refresh token', 'a code', 'no aud']; // prettier-ignore
const SIGNATURE = ['alg none', 'alg NoNe', 'no alg', 'HS256 with the public key in PEM', 'HS256 with the public key as JWK',
  'HS256 with nothing', 'kid: a path', 'kid: SQL', 'kid: NUL', 'kid: __proto__', 'a key of the sender in the header',
  'jku of the sender', 'no kid', 'no exp', 'no iat', 'no sid', 'exp in the past', 'iat in the future', 'nbf in the future',
  'exp far away', 'typ JWT', 'no typ', 'crit of nobody', 'another iss', 'more in it, and the signature of the genuine one',
  'a session nobody opened, by a stranger']; // prettier-ignore

test('attack 13 and 14: the genuine token is taken, and every forgery below was made', async () => {
  expect((await mcp(genuine)).status).toBe(200);
  expect(Object.keys(forged).sort()).toEqual([...AUDIENCE, ...SIGNATURE].sort());
  expect(Object.values(forged).filter((token) => typeof token !== 'string' || token.length < 20)).toEqual([]);
});

test.each(AUDIENCE)('attack 13: %s is no bearer token', async (name) => {
  const answer = await mcp(forged[name] ?? '');
  expect([answer.status, answer.body.error]).toEqual([401, 'invalid_token']);
});

test('attack 13: what is for a sibling is not for the REST endpoints of this service either', async () => {
  expect((await service.call('GET', '/auth/me', { bearer: sibling })).status).toBe(401);
});

test.each(SIGNATURE)('attack 14: a token with %s is refused at every endpoint', async (name) => {
  const token = forged[name] ?? '';
  const answer = await mcp(token);
  expect([answer.status, answer.body.error]).toEqual([401, 'invalid_token']);
  expect((await service.call('GET', '/oauth/userinfo', { bearer: token })).status).toBe(401);
  const { client_id, client_secret = '' } = await confidential();
  const introspected = await service.call('POST', '/oauth/introspect', {
    body: new URLSearchParams({ token, client_id, client_secret }).toString(),
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
  });
  expect(introspected.body).toEqual({ active: false });
});

let made: ReturnType<OauthDriver['register']> | undefined;
const confidential = () => (made ??= oauth.register({ token_endpoint_auth_method: 'client_secret_post' }));
