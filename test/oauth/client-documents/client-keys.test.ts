import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { errors, exportJWK, generateKeyPair, type JWK, jwtVerify, SignJWT } from 'jose';
import { ClientKeys } from '../../../src/oauth/client-documents/client-keys.js';
import { Outbound } from '../../../src/outbound/outbound.js';
import { json, type LocalServer, serve } from '../../outbound/servers.js';
import { MovedClock } from './support.js';

async function makeKey(kid: string, alg = 'ES256') {
  const { privateKey, publicKey } = await generateKeyPair(alg);
  const jwk: JWK = { ...(await exportJWK(publicKey)), kid, alg };
  const token = await new SignJWT({ kid }).setProtectedHeader({ alg, kid }).sign(privateKey);
  return { jwk, token };
}
const [one, two, rsa] = await Promise.all([makeKey('one'), makeKey('two'), makeKey('rsa', 'RS256')]);
let server: LocalServer;
let jwks_uri: string;
let clock: MovedClock;
let keys: ClientKeys;
const publish = (...jwks: JWK[]) => {
  server.answer = json({ keys: jwks }, { 'cache-control': 'max-age=600' });
};
const verify = async (token: string) => (await jwtVerify(token, keys.resolver({ jwks_uri }))).payload['kid'];

beforeEach(async () => {
  server = await serve(() => undefined);
  jwks_uri = `${server.url}/jwks.json`;
  publish(one.jwk, rsa.jwk);
  clock = new MovedClock();
  keys = new ClientKeys(new Outbound({ allowLoopback: true, timeoutMs: 500 }), clock);
});
afterEach(() => server.stop());

test('keys of the document itself need no request', async () => {
  const resolver = keys.resolver({ jwks: { keys: [one.jwk] } });
  expect((await jwtVerify(one.token, resolver)).payload['kid']).toBe('one');
  await expect(jwtVerify(two.token, resolver)).rejects.toBeInstanceOf(errors.JWKSNoMatchingKey);
});

test('keys at a jwks_uri are fetched once while they are fresh', async () => {
  expect(await Promise.all(Array.from({ length: 50 }, () => verify(one.token)))).toEqual(
    Array(50).fill('one'),
  );
  expect(await verify(rsa.token)).toBe('rsa');
  expect(server.count).toBe(1);
  clock.pass(600);
  await verify(one.token);
  expect(server.count).toBe(2);
});

test('a new key is found at once, yet unknown keys ask at most once a minute', async () => {
  await verify(one.token);
  publish(two.jwk);
  clock.pass(59);
  await expect(verify(two.token)).rejects.toBeInstanceOf(errors.JWKSNoMatchingKey);
  expect(server.count).toBe(1);
  clock.pass(1);
  expect(await verify(two.token)).toBe('two');
  await expect(verify(one.token)).rejects.toBeInstanceOf(errors.JWKSNoMatchingKey);
  expect(server.count).toBe(2);
});

test('unknown keys ask at most once a minute also where that fails', async () => {
  await verify(one.token);
  server.answer = json({}, {}, 500);
  clock.pass(60);
  await expect(verify(two.token)).rejects.toMatchObject({ reason: 'status' });
  for (let i = 0; i < 3; i += 1) {
    clock.pass(15);
    await expect(verify(two.token)).rejects.toBeInstanceOf(errors.JWKSNoMatchingKey);
  }
  expect(server.count).toBe(2);
  expect(await verify(one.token)).toBe('one');
});

test('the last good keys serve for a day while theirs cannot be fetched', async () => {
  await verify(one.token);
  server.answer = json({}, {}, 503);
  clock.pass(86_400);
  expect(await verify(one.token)).toBe('one');
  clock.pass(1);
  await expect(verify(one.token)).rejects.toMatchObject({ name: 'OutboundError', reason: 'status' });
});

test.each([
  ['a private key', { keys: [{ kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA', d: 'AA', kid: 'one' }] }],
  ['no set', { nothing: true }],
  [
    'a key of impossible numbers',
    { keys: [{ kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA', kid: 'one', alg: 'ES256' }] },
  ],
])('%s at the jwks_uri is an error of the set', async (_what, body) => {
  server.answer = json(body);
  await expect(verify(one.token)).rejects.toBeInstanceOf(errors.JWKSInvalid);
});

test('more than 64 KB are refused', async () => {
  server.answer = json({ keys: [one.jwk], padding: 'x'.repeat(65_536) });
  await expect(verify(one.token)).rejects.toMatchObject({ reason: 'too_large' });
});

test('a special address as jwks_uri is refused (spec S24)', async () => {
  const resolver = new ClientKeys(new Outbound(), clock).resolver({
    jwks_uri: 'https://169.254.169.254/jwks',
  });
  await expect(jwtVerify(one.token, resolver)).rejects.toMatchObject({ reason: 'address' });
});

test('a client without keys has no key', async () => {
  await expect(jwtVerify(one.token, keys.resolver({}))).rejects.toBeInstanceOf(errors.JWKSNoMatchingKey);
});
