import { createHmac, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { exportJWK, exportSPKI, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import { startTestService, type TestService } from '../support/harness.js';
import { OauthDriver } from '../support/oauth.js';

// DPoP (RFC 9449) is not offered: no token is bound to a key, the metadata names no dpop_signing_alg_values_supported, and
// so attack 15 has no htu, htm, ath or proof to replay. ID-JAG (attack 16) is not offered either.

const ASSERTION = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
let service: TestService;
let oauth: OauthDriver;
let clientId: string;
let keys: Awaited<ReturnType<typeof generateKeyPair>>;
beforeAll(async () => {
  service = await startTestService({ env: { DEFAULT_USER_SCOPES: 'mcp:write admin' } });
  oauth = new OauthDriver(service);
  keys = await generateKeyPair('RS256', { extractable: true });
  const jwk = { ...(await exportJWK(keys.publicKey)), kid: 'k', alg: 'RS256' };
  const made = await service.call('POST', '/admin/clients', {
    bearer: (await service.person('admin')).accessToken,
    body: {
      client_name: 'Agent',
      grant_types: ['client_credentials'],
      token_endpoint_auth_method: 'private_key_jwt',
      jwks: { keys: [jwk] },
      own_scopes: ['notes:read'],
    },
  });
  expect(made.status).toBe(201);
  clientId = made.body.client_id;
});
afterAll(() => service.stop());

const now = () => Math.floor(Date.now() / 1000);
const claims = (more: JWTPayload = {}): JWTPayload => ({
  iss: clientId,
  sub: clientId,
  aud: service.config.issuer,
  iat: now(),
  exp: now() + 60,
  jti: randomUUID(),
  ...more,
});
const sign = (payload: JWTPayload, header = {}, key: Parameters<SignJWT['sign']>[0] = keys.privateKey) =>
  new SignJWT(payload).setProtectedHeader({ alg: 'RS256', kid: 'k', ...header }).sign(key);
const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
const present = (client_assertion: string) =>
  oauth.token({
    grant_type: 'client_credentials',
    client_assertion,
    client_assertion_type: ASSERTION,
  });
const without = (name: string) =>
  Object.fromEntries(Object.entries(claims()).filter(([one]) => one !== name));

describe('attack 15: client assertions', () => {
  test('attack 15: of 50 parallel uses of one assertion one wins, and none later', async () => {
    const assertion = await sign(claims());
    const answers = await Promise.all(Array.from({ length: 50 }, () => present(assertion)));
    expect(answers.filter(({ status }) => status === 200).length).toBe(1);
    const lost = answers.filter(({ status }) => status !== 200);
    expect(new Set(lost.map(({ status, body }) => `${status} ${body.error}`))).toEqual(
      new Set(['401 invalid_client']),
    );
    expect((await present(assertion)).status).toBe(401);
  });

  test('attack 15: a jti in an assertion signed anew is a replay too', async () => {
    const jti = randomUUID();
    expect((await present(await sign(claims({ jti })))).status).toBe(200);
    expect((await present(await sign(claims({ jti, exp: now() + 100 })))).status).toBe(401);
  });

  const tries: Record<string, () => string | Promise<string>> = {
    'another aud': () => sign(claims({ aud: 'https://elsewhere.example' })),
    'the resource as aud': () => sign(claims({ aud: service.config.resource })),
    'the issuer with a slash as aud': () => sign(claims({ aud: `${service.config.issuer}/` })),
    'a list of audiences with ours': () =>
      sign(claims({ aud: [service.config.issuer, 'https://elsewhere.example'] })),
    'no aud': () => sign(without('aud')),
    'no exp': () => sign(without('exp')),
    'no jti': () => sign(without('jti')),
    'no sub': () => sign(without('sub')),
    'an exp in the past': () => sign(claims({ exp: now() - 60 })),
    'an exp years away': () => sign(claims({ exp: now() + 1e8 })),
    'an nbf in the future': () => sign(claims({ nbf: now() + 600 })),
    'another iss': () => sign(claims({ iss: 'toolgate' })),
    'a stranger’s key': async () => sign(claims(), {}, (await generateKeyPair('RS256')).privateKey),
    'a stranger’s key in its header': async () => {
      const stranger = await generateKeyPair('RS256', { extractable: true });
      return sign(claims(), { jwk: await exportJWK(stranger.publicKey) }, stranger.privateKey);
    },
    'alg none': () => `${encode({ alg: 'none', kid: 'k' })}.${encode(claims())}.`,
    'HS256 with the public key': async () => {
      const text = `${encode({ alg: 'HS256', kid: 'k' })}.${encode(claims())}`;
      const mac = createHmac('sha256', await exportSPKI(keys.publicKey));
      return `${text}.${mac.update(text).digest('base64url')}`;
    },
    'another alg of the same family': async () => {
      const [, body = '', signature = ''] = (await sign(claims())).split('.');
      return `${encode({ alg: 'PS256', kid: 'k' })}.${body}.${signature}`;
    },
    'a kid that is a path': () => sign(claims(), { kid: '../k' }),
    'a jti of NUL': () => sign(claims({ jti: '\u0000' })),
    'a jti that is endless': () => sign(claims({ jti: 'x'.repeat(5000) })),
  };
  test.each(Object.keys(tries))('attack 15: an assertion with %s is refused', async (name) => {
    const answer = await present((await tries[name]?.()) ?? '');
    expect([answer.status, answer.body.error]).toEqual([401, 'invalid_client']);
  });

  test.each(['', 'x', 'a.b.c', '..', `${encode({})}.${encode({ sub: ['x'] })}.x`, `${encode([])}.bnVsbA.x`])(
    'attack 15: %j is no assertion',
    async (assertion) => {
      const answer = await present(assertion);
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect(answer.status).toBeLessThan(500);
      expect(answer.body.error).toMatch(/^invalid_(client|request)$/);
    },
  );

  test('attack 15: a client with keys is not taken at its word, nor by a secret', async () => {
    for (const proof of [{}, { client_secret: 'x' }]) {
      const answer = await oauth.token({ grant_type: 'client_credentials', client_id: clientId, ...proof });
      expect([answer.status, answer.body.error]).toEqual([401, 'invalid_client']);
    }
  });

  test('attack 15: DPoP is not offered, so no proof stands in for a token', async () => {
    const metadata = await service.call('GET', '/.well-known/oauth-authorization-server');
    expect(metadata.body).not.toHaveProperty('dpop_signing_alg_values_supported');
    const { body } = await present(await sign(claims()));
    const answer = await service.call('POST', '/mcp', {
      body: { jsonrpc: '2.0', id: 1, method: 'tools/list' },
      headers: { Authorization: `DPoP ${body.access_token}`, DPoP: await sign(claims()) },
    });
    expect(answer.status).toBe(401);
  });
});

test('attack 16: ID-JAG is not offered: the jwt-bearer grant is refused whatever it brings', async () => {
  const { client_id } = await oauth.register();
  const header = { alg: 'RS256', typ: 'oauth-id-jag+jwt', kid: 'k' };
  const tries = [
    '',
    await sign(claims({ client_id }), header),
    await sign(claims({ client_id, aud: [service.config.issuer, 'https://elsewhere.example'] }), header),
    await sign(claims({ client_id: 'another' }), header),
  ];
  for (const assertion of [...tries, tries[1] ?? '']) {
    const answer = await oauth.token({
      grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
      client_id,
      assertion,
    });
    expect([answer.status, answer.body.error]).toEqual([400, 'unsupported_grant_type']);
  }
  const metadata = await service.call('GET', '/.well-known/oauth-authorization-server');
  expect(metadata.body.grant_types_supported).not.toContain('urn:ietf:params:oauth:grant-type:jwt-bearer');
});
