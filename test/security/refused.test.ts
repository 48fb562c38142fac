import { createHmac, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { exportSPKI, generateKeyPair, importJWK, type JWTPayload, SignJWT } from 'jose';
import { KeyRing } from '../../src/tokens/key-ring.js';
import { UsersRepository } from '../../src/users/users.repository.js';
import { type Person, startTestService, type TestService } from '../support/harness.js';

let service: TestService;
let person: Person;
const refused: Record<string, string | undefined> = {};

beforeAll(async () => {
  service = await startTestService();
  person = await service.person();
  const ring = service.app.get(KeyRing);
  const { kid, key, algorithm } = ring.signingKey();
  const now = Math.floor(Date.now() / 1000);
  const claims = {
    iss: service.config.issuer,
    sub: person.id,
    aud: service.config.resource,
    client_id: 'toolgate',
    scope: 'mcp:write',
    iat: now,
    exp: now + 600,
    jti: randomUUID(),
    sid: randomUUID(),
  };
  const sign = (payload: JWTPayload, header: object = {}, by: Parameters<SignJWT['sign']>[0] = key) =>
    new SignJWT(payload).setProtectedHeader({ alg: algorithm, typ: 'at+jwt', kid, ...header }).sign(by);
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const publicKey = await importJWK(ring.jwks().keys[0] ?? {}, algorithm, { extractable: true });
  const pem = publicKey instanceof Uint8Array ? '' : await exportSPKI(publicKey);
  const hs256 = `${encode({ alg: 'HS256', typ: 'at+jwt', kid })}.${encode(claims)}`;
  const [head = '', body = '', signature = ''] = person.accessToken.split('.');
  const { iat: _iat, ...withoutIat } = claims;
  const { exp: _exp, ...withoutExp } = claims;

  const ended = await service.person();
  await service.call('POST', '/auth/logout', { body: { refresh_token: ended.refreshToken } });
  const disabled = await service.person();
  const made = await service.call('POST', '/keys', { bearer: person.accessToken, body: { name: 'doomed' } });
  await service.call('DELETE', `/keys/${made.body.id}`, { bearer: person.accessToken });
  const ownerless = await service.call('POST', '/keys', {
    bearer: disabled.accessToken,
    body: { name: 'of the disabled' },
  });
  await service.app.get(UsersRepository).disable(disabled.email, new Date());
  await new Promise((resolve) => setTimeout(resolve, 1000));

  Object.assign(refused, {
    none: undefined,
    expired: await sign({ ...claims, iat: now - 1000, exp: now - 100 }),
    tampered: `${head}.${encode({ ...claims, scope: 'mcp:admin' })}.${signature}`,
    'cut short': `${head}.${body}.${signature.slice(0, -4)}`,
    'wrong audience': await sign({ ...claims, aud: 'http://elsewhere.example/mcp' }),
    'two audiences': await sign({
      ...claims,
      aud: [service.config.resource, 'http://elsewhere.example/mcp'],
    }),
    'wrong issuer': await sign({ ...claims, iss: 'http://elsewhere.example' }),
    'alg none': `${encode({ alg: 'none', typ: 'at+jwt', kid })}.${encode(claims)}.`,
    'HS256 with the public key': `${hs256}.${createHmac('sha256', pem).update(hs256).digest('base64url')}`,
    'a stranger’s key': await sign(claims, {}, (await generateKeyPair('ES256')).privateKey),
    'unknown kid': await sign(claims, { kid: '../../etc/passwd' }),
    'wrong typ': await sign(claims, { typ: 'JWT' }),
    'not yet valid': await sign({ ...claims, nbf: now + 500 }),
    'no exp': await sign(withoutExp),
    'no iat': await sign(withoutIat),
    'longer than a token lives': await sign({ ...claims, iat: now - 2000, exp: now + 2000 }),
    'revoked session': ended.accessToken,
    'disabled user': disabled.accessToken,
    'deleted key': made.body.key,
    'key of a disabled user': ownerless.body.key,
    'key with a typo': `${String(made.body.key).slice(0, -1)}!`,
    'refresh token': person.refreshToken,
    garbage: 'garbage',
  });
});
afterAll(() => service.stop());

const list = { jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} };

describe.each(['GET', 'HEAD', 'POST', 'DELETE'])('%s /mcp', (method) => {
  test.each([
    'none', 'expired', 'tampered', 'cut short', 'wrong audience', 'two audiences', 'wrong issuer', 'alg none',
    'HS256 with the public key', 'a stranger’s key', 'unknown kid', 'wrong typ', 'not yet valid', 'no exp', 'no iat',
    'longer than a token lives', 'revoked session', 'disabled user', 'deleted key', 'key of a disabled user',
    'key with a typo', 'refresh token', 'garbage',
  ])('refuses %s with 401 and the challenge', async (name) => {
    expect(name in refused).toBe(true);
    const credential = refused[name];
    const answer = await service.call(method, '/mcp', {
      ...(credential === undefined ? {} : { bearer: credential }),
      ...(method === 'POST' ? { body: list } : {}),
    });
    expect(answer.status).toBe(401);
    const challenge = answer.headers.get('www-authenticate') ?? '';
    expect(challenge).toContain(`resource_metadata="${service.url}/.well-known/oauth-protected-resource/mcp"`);
    expect(challenge).toContain('scope="notes:read notes:write"');
    expect(challenge.includes('error="invalid_token"')).toBe(credential !== undefined);
    expect(answer.text).not.toContain('tools');
  });
}); // prettier-ignore

test('a token in the query string is not looked at', async () => {
  const answer = await service.call('POST', `/mcp?access_token=${person.accessToken}`, { body: list });
  expect(answer.status).toBe(401);
});

test('the same request with a good token is answered', async () => {
  const answer = await service.call('POST', '/mcp', {
    bearer: person.accessToken,
    body: list,
    headers: { Accept: 'application/json, text/event-stream' },
  });
  expect(answer.status).toBe(200);
});
