import type { RequestListener } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { guardedConnector } from '../../src/outbound/guarded-connector.js';
import { Outbound } from '../../src/outbound/outbound.js';
import { json, type LocalServer, serve } from '../outbound/servers.js';
import { startTestService, type TestService } from '../support/harness.js';
import { Browser, OauthDriver, pkce, REDIRECT } from '../support/oauth.js';

/** As in production; and one that may fetch from this computer, so that its refusals are of what was answered. */
let strict: TestService;
let local: TestService;
let target: LocalServer;
beforeAll(async () => {
  const env = { REGISTRATION_LIMIT_ADDRESS: '100000' };
  [strict, local] = [
    await startTestService({ env }),
    await startTestService({ env: { ...env, OUTBOUND_LOOPBACK: 'true' } }),
  ];
  target = await serve(json({}));
});
afterAll(async () => {
  await Promise.all([strict.stop(), local.stop(), target.stop()]);
});

const authorize = (service: TestService, clientId: string, more: Record<string, string> = {}) =>
  new Browser(service.url).request(
    'GET',
    new OauthDriver(service).authorizeUrl(clientId, pkce().challenge, more),
  );

async function expectRefused(service: TestService, clientId: string): Promise<string> {
  const visit = await authorize(service, clientId);
  expect([visit.status, visit.location]).toEqual([400, null]);
  return visit.text;
}

/** A document for the path, as a server of this computer answers it. */
let path = 0;
const fresh = () => `${target.url}/client-${(path += 1)}.json`;
const document = (clientId: string, more: object = {}) =>
  json({ client_id: clientId, client_name: 'Documented', redirect_uris: [REDIRECT], ...more });

describe('attack 8: the fetch of a client document as a way in', () => {
  test.each([
    '127.0.0.1', 'localhost', '[::1]', '10.0.0.1', '172.16.0.1', '192.168.0.1', '169.254.169.254', '100.64.0.1', '0.0.0.0',
    '[::ffff:127.0.0.1]', '[::ffff:a9fe:a9fe]', '[64:ff9b::7f00:1]', '[fe80::1]', '[fd00::1]', '[::]', '2130706433', '0x7f.1',
    '127.1', '0177.0.0.1', '224.0.0.1', '255.255.255.255',
  ])('attack 8: %s is never connected to', async (host) => {
    const before = target.count;
    for (const scheme of ['https', 'http'])
      await expectRefused(strict, `${scheme}://${host}:${target.port}/c.json`);
    expect(target.count).toBe(before);
  }); // prettier-ignore

  test.each([
    ['a private address among public ones', [['1.1.1.1', '10.0.0.5']]],
    ['loopback', [['127.0.0.1']]],
    ['one that turns to loopback (DNS rebinding)', [['192.0.2.7'], ['127.0.0.1']]],
  ])('attack 8: a name that resolves to %s is never connected to', async (_, answers) => {
    let asked = 0;
    const lookup = () => {
      const addresses = answers[Math.min(asked++, answers.length - 1)] ?? [];
      return Promise.resolve(addresses.map((address) => ({ address, family: 4 })));
    };
    const options = { allowLoopback: false, timeoutMs: 1000, lookup, ca: undefined };
    const outbound = strict.app.get(Outbound);
    const kept: unknown = Reflect.get(outbound, 'connect');
    Reflect.set(outbound, 'connect', guardedConnector(options));
    const before = target.count;
    for (let round = 0; round < 2; round += 1) {
      await expectRefused(strict, `https://rebinding.test:${target.port}/c${path++}.json`);
    }
    expect([asked > 0, target.count]).toEqual([true, before]);
    Reflect.set(outbound, 'connect', kept);
  });

  test('attack 8: a redirect is not followed', async () => {
    const id = fresh();
    target.answer = (request, response) => {
      if (request.url === '/secret') json({ secret: 'x' })(request, response);
      else response.writeHead(302, { location: `${target.url}/secret` }).end();
    };
    const before = target.count;
    expect(await expectRefused(local, id)).toContain('redirects');
    expect(target.count).toBe(before + 1);
  });

  test('attack 8: a body of 100 MB is let go after 5 KB', async () => {
    let sent = 0;
    target.answer = (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      const chunk = Buffer.alloc(65_536, ' ');
      const more = () => {
        while (sent < 100_000_000 && !response.destroyed) {
          sent += chunk.length;
          if (!response.write(chunk)) {
            response.once('drain', more);
            return;
          }
        }
        response.end();
      };
      more();
    };
    expect(await expectRefused(local, fresh())).toContain('longer than 5120 bytes');
    expect(sent).toBeLessThan(20_000_000);
  });

  test('attack 8: a body that drips is let go after five seconds', async () => {
    const drip: RequestListener = (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      const timer = setInterval(() => response.write(' '), 100);
      response.once('close', () => {
        clearInterval(timer);
      });
    };
    target.answer = drip;
    const begun = Date.now();
    expect(await expectRefused(local, fresh())).toContain('took longer');
    expect(Date.now() - begun).toBeLessThan(8000);
  });

  test.each([
    'https://127.0.0.1/jwks',
    'https://169.254.169.254/latest',
    'https://[::ffff:10.0.0.1]/jwks',
    'https://localhost/jwks',
  ])('attack 8: keys at %s are not fetched either', async (jwks_uri) => {
    const oauth = new OauthDriver(strict);
    const { client_id } = await oauth.register({ token_endpoint_auth_method: 'private_key_jwt', jwks_uri });
    const { privateKey } = await generateKeyPair('ES256');
    const client_assertion = await new SignJWT({ iss: client_id, sub: client_id, jti: 'j' })
      .setProtectedHeader({ alg: 'ES256', kid: 'k' })
      .setAudience(strict.config.issuer)
      .setExpirationTime('1m')
      .sign(privateKey);
    const answer = await oauth.token({
      grant_type: 'authorization_code',
      client_assertion,
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    });
    expect([answer.status, answer.body.error]).toEqual([401, 'invalid_client']);
    expect(answer.text).not.toMatch(/127\.0\.0\.1|169\.254|ECONN/);
  });
});

describe('attack 9: client documents that lie', () => {
  test('attack 9: a document that names its own URL is a client, as the others here would be if they did', async () => {
    const id = fresh();
    target.answer = document(id);
    expect((await authorize(local, id)).status).toBe(303);
  });

  test.each([
    ['another client_id', (id: string) => document(`${id}x`)],
    ['a client_id that differs in case', (id: string) => document(id.toUpperCase())],
    ['no client_id', () => json({ redirect_uris: [REDIRECT] })],
    ['a secret', (id: string) => document(id, { client_secret: 'x' })],
    ['a method with a secret', (id: string) => document(id, { token_endpoint_auth_method: 'client_secret_basic' })],
    ['a private key', (id: string) => document(id, { jwks: { keys: [{ kty: 'EC', d: 'x' }] } })],
    ['a script to redirect to', (id: string) => document(id, { redirect_uris: ['javascript:alert(1)'] })],
    ['a content type of a page', (id: string) => json({ client_id: id, redirect_uris: [REDIRECT] }, { 'content-type': 'text/html' })],
    ['the status 404', (id: string) => json({ client_id: id, redirect_uris: [REDIRECT] }, {}, 404)],
  ])('attack 9: a document with %s is refused', async (_, answer) => {
    const id = fresh();
    target.answer = answer(id);
    await expectRefused(local, id);
  }); // prettier-ignore

  test.each([
    '/a/../c.json', '/./c.json', '/a/%2e%2e/c.json', '/a/%2E./c.json', '/a%2f..%2fc.json', '/c.json#x', '/', '', '//..//c.json',
    '/%63.json', '/a\\..\\c.json',
  ])('attack 9: the client_id path %j is refused unfetched', async (odd) => {
    const before = target.count;
    target.answer = document(target.url + odd);
    await expectRefused(local, target.url + odd);
    expect(target.count).toBe(before);
  }); // prettier-ignore

  test('attack 9: user information in a client_id is refused unfetched', async () => {
    const before = target.count;
    await expectRefused(local, fresh().replace('//', '//user:pass@'));
    expect(target.count).toBe(before);
  });

  test('attack 9: a redirect that is not in the document is refused', async () => {
    const id = fresh();
    target.answer = document(id);
    const visit = await authorize(local, id, { redirect_uri: 'https://evil.com/' });
    expect([visit.status, visit.location]).toEqual([400, null]);
  });

  test('attack 9: a stored client is taken over neither by registration, nor by a secret, nor by foreign keys', async () => {
    const id = fresh();
    const { publicKey } = await generateKeyPair('ES256', { extractable: true });
    const keys = [{ ...(await exportJWK(publicKey)), kid: 'k', alg: 'ES256' }];
    target.answer = document(id, { token_endpoint_auth_method: 'private_key_jwt', jwks: { keys } });
    expect((await authorize(local, id)).status).toBe(303);
    const oauth = new OauthDriver(local);
    const mine = await oauth.register({ client_id: id, redirect_uris: ['https://evil.com/'] });
    expect(mine.client_id).not.toBe(id);
    for (const method of ['GET', 'PUT', 'DELETE']) {
      const answer = await local.call(method, `/oauth/register/${encodeURIComponent(id)}`, {
        bearer: mine.registration_access_token,
        ...(method === 'PUT' ? { body: { redirect_uris: ['https://evil.com/'] } } : {}),
      });
      expect([answer.status, answer.body.error]).toEqual([401, 'invalid_client']);
    }
    const evil = await authorize(local, id, { redirect_uri: 'https://evil.com/' });
    expect([evil.status, evil.location]).toEqual([400, null]);
    const forged = await new SignJWT({ iss: id, sub: id, jti: 'j', aud: local.config.issuer })
      .setProtectedHeader({ alg: 'ES256', kid: 'k' })
      .setExpirationTime('1m')
      .sign((await generateKeyPair('ES256')).privateKey);
    const client_assertion_type = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
    for (const proof of [
      {},
      { client_secret: 'x' },
      { client_assertion: forged, client_assertion_type },
    ] as Record<string, string>[]) {
      const answer = await oauth.token({
        grant_type: 'authorization_code',
        client_id: id,
        code: 'x',
        code_verifier: pkce().verifier,
        ...proof,
      });
      expect([answer.status, answer.body.error]).toEqual([401, 'invalid_client']);
    }
    target.answer = document(id, { client_id: `${id}x`, redirect_uris: ['https://evil.com/'] });
    local.clock.advance(25 * 3600);
    const later = await authorize(local, id, { redirect_uri: 'https://evil.com/' });
    expect([later.status, later.location]).toEqual([400, null]);
  });
});
