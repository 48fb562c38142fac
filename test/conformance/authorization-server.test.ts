import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { json, serve } from '../outbound/servers.js';
import { startTestService, type TestService } from '../support/harness.js';
import { type Browser, OauthDriver, pkce, REDIRECT } from '../support/oauth.js';

let service: TestService;
let oauth: OauthDriver;
let clientId: string;
let browser: Browser;
beforeAll(async () => {
  service = await startTestService({ env: { OUTBOUND_LOOPBACK: 'true', SESSION_TTL: '2000000' } });
  oauth = new OauthDriver(service);
  clientId = (await oauth.register()).client_id;
  browser = await oauth.signedIn(await service.person());
});
afterAll(() => service.stop());

const authorize = (more: Record<string, string> = {}) =>
  browser.go(oauth.authorizeUrl(clientId, pkce().challenge, more));
const errorOf = (location: string | null) => {
  const { searchParams } = new URL(location ?? '');
  return Object.fromEntries(['error', 'state', 'iss'].map((name) => [name, searchParams.get(name)]));
};

/** A code, and the tokens for it. */
async function tokens(more: Record<string, string> = {}, redeem: Record<string, string> = {}) {
  const { verifier, challenge } = pkce();
  const answer = await oauth.code(browser, oauth.authorizeUrl(clientId, challenge, more));
  const code = answer.get('code') ?? '';
  const form = { grant_type: 'authorization_code', code, code_verifier: verifier, client_id: clientId };
  return { code, answer: await oauth.token({ ...form, ...redeem }) };
}
const refresh = (refresh_token: string) =>
  oauth.token({ grant_type: 'refresh_token', refresh_token, client_id: clientId });

test('S1: a public and a confidential client each get tokens by the code flow', async () => {
  const confidential = await oauth.register({ token_endpoint_auth_method: 'client_secret_post' });
  expect((await tokens()).answer.status).toBe(200);
  const { verifier, challenge } = pkce();
  const code = (await oauth.code(browser, oauth.authorizeUrl(confidential.client_id, challenge))).get('code') ?? '';
  const form = { grant_type: 'authorization_code', code, code_verifier: verifier, client_id: confidential.client_id };
  expect((await oauth.token(form)).status).toBe(401);
  expect((await oauth.token({ ...form, client_secret: confidential.client_secret ?? '' })).status).toBe(200);
}); // prettier-ignore

test('S5: iss and state are on errors too', async () => {
  const { location } = await authorize({ response_type: 'token' });
  expect(errorOf(location)).toEqual({
    error: 'unsupported_response_type',
    state: 'st/a=te==',
    iss: service.config.issuer,
  });
});

test('S8: a remembered consent spares the click for a web address, never for a loopback one', async () => {
  const loopback = 'http://127.0.0.1:7777/callback';
  const native = await oauth.register({ redirect_uris: [loopback] });
  const url = () => oauth.authorizeUrl(native.client_id, pkce().challenge, { redirect_uri: loopback });
  await oauth.code(browser, url());
  expect((await browser.go(url())).text).toContain('action="/consent"');
  await tokens();
  expect((await authorize()).location).toContain('code=');
});

test('S9: an access token is short-lived, and each refresh brings another refresh token', async () => {
  const first = (await tokens()).answer.body;
  expect(first.expires_in).toBeLessThanOrEqual(900);
  const second = (await refresh(first.refresh_token)).body;
  expect(second.refresh_token).not.toBe(first.refresh_token);
});

test('S11: a refresh token ends when it lies idle, and at the end of its session however busy', async () => {
  // Clocks only go forward, and sign-ins end too: a service of its own.
  const other = await startTestService({ env: { REFRESH_IDLE_TTL: '1000', SESSION_TTL: '2500' } });
  const driver = new OauthDriver(other);
  const person = await other.person();
  const { clientId: id, answer: idle } = await driver.connect(person);
  const { clientId: busyId, answer: busy } = await driver.connect(person);
  const again = (client_id: string, refresh_token: string) =>
    driver.token({ grant_type: 'refresh_token', refresh_token, client_id });
  let token = busy.body.refresh_token;
  for (const _ of [1, 2, 3]) {
    other.clock.advance(800);
    const answer = await again(busyId, token);
    expect(answer.status).toBe(200);
    token = answer.body.refresh_token;
  }
  expect((await again(id, idle.body.refresh_token)).body.error).toBe('invalid_grant');
  other.clock.advance(200);
  expect((await again(busyId, token)).body.error).toBe('invalid_grant');
  await other.stop();
});

describe('S14: scope', () => {
  test('S14: left out, it is the resource’s default, and the answer says which', async () => {
    const { answer } = await tokens();
    expect(answer.body.scope).toBe('notes:read notes:write');
  });

  test('S14: what was granted is told when it differs from what was asked', async () => {
    const { answer } = await tokens({ scope: 'notes:read unknown:scope' });
    expect(answer.body.scope).toBe('notes:read');
  });
});

describe('S15: what must not be kept, and who was not known', () => {
  const FORM = { 'Content-Type': 'application/x-www-form-urlencoded' };

  test('S15: tokens, errors, registrations and pages are no-store', async () => {
    const { answer } = await tokens();
    const answers = [
      answer,
      await oauth.token({ grant_type: 'x' }),
      await service.call('POST', '/oauth/introspect', { headers: FORM, body: 'token=x' }),
      await service.call('POST', '/oauth/revoke', { headers: FORM, body: `token=x&client_id=${clientId}` }),
      await service.call('POST', '/oauth/device_authorization', { headers: FORM, body: 'client_id=x' }),
      await service.call('POST', '/oauth/register', { body: { redirect_uris: [REDIRECT] } }),
      await service.call('GET', '/oauth/userinfo'),
      await authorize(),
      await authorize({ redirect_uri: 'https://evil.com/' }),
      await browser.go('/login'),
    ];
    expect(answers.map(({ headers }) => headers.get('cache-control'))).toEqual(answers.map(() => 'no-store'));
  });

  test('S15: a client that is not known is 401, with a challenge where it used Basic', async () => {
    const form = { grant_type: 'refresh_token', refresh_token: 'x' };
    const plain = await oauth.token({ ...form, client_id: 'nobody' });
    expect([plain.status, plain.body.error]).toEqual([401, 'invalid_client']);
    expect(plain.headers.get('www-authenticate')).toBeNull();
    for (const credentials of ['nobody:x', `${clientId}:x`]) {
      const basic = await oauth.token(form, { Authorization: `Basic ${btoa(credentials)}` });
      expect([basic.status, basic.body.error]).toEqual([401, 'invalid_client']);
      expect(basic.headers.get('www-authenticate')).toBe('Basic realm="toolgate"');
    }
  });
});

describe('S16: parameters', () => {
  test('S16: unknown ones are ignored at authorize and at token', async () => {
    const { answer } = await tokens({ foo: 'bar', audience: 'x' }, { foo: 'bar', audience: 'x' });
    expect(answer.status).toBe(200);
  });

  test('S16: an empty one equals an omitted one', async () => {
    const { verifier, challenge } = pkce();
    const url = `${oauth.authorizeUrl(clientId, challenge)}&scope=&resource=&prompt=&nonce=&max_age=&request=&response_mode=`;
    const code = (await oauth.code(browser, url)).get('code') ?? '';
    const form = { grant_type: 'authorization_code', code, code_verifier: verifier, client_id: clientId };
    const answer = await oauth.token({ ...form, redirect_uri: '', resource: '', scope: '', client_secret: '' });
    expect(answer.body.scope).toBe('notes:read notes:write');
    expect((await oauth.token({ ...form, grant_type: '' })).body.error).toBe('invalid_request');
    const noChallenge = await browser.go(`${oauth.authorizeUrl(clientId, '')}&code_challenge=`);
    expect(errorOf(noChallenge.location)['error']).toBe('invalid_request');
  });

  test('S16: a repeated one is an error at authorize and at token', async () => {
    for (const name of ['state', 'scope', 'nonce', 'code_challenge', 'response_type', 'unheard_of']) {
      const url = `${oauth.authorizeUrl(clientId, pkce().challenge)}&${name}=x&${name}=x`;
      expect([name, errorOf((await browser.go(url)).location)['error']]).toEqual([name, 'invalid_request']);
    }
    for (const name of ['grant_type', 'client_id', 'code', 'unheard_of']) {
      const answer = await service.call('POST', '/oauth/token', {
        headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
        body: `grant_type=authorization_code&client_id=${clientId}&code=x&${name}=y&${name}=y`,
      });
      expect([name, answer.status, answer.body.error]).toEqual([name, 400, 'invalid_request']);
    }
  });
}); // prettier-ignore

test('S17: guesses at a client secret run out, and the right one still counts', async () => {
  const other = await startTestService();
  const driver = new OauthDriver(other);
  const { client_id, client_secret = '' } = await driver.register({
    token_endpoint_auth_method: 'client_secret_post',
  });
  const attempt = (secret: string) =>
    driver.token({ grant_type: 'refresh_token', refresh_token: 'x', client_id, client_secret: secret });
  const guesses = await Promise.all(Array.from({ length: 80 }, (_, n) => attempt(`guess-${n}`)));
  expect(guesses.filter(({ status }) => status === 401).length).toBe(50);
  const late = guesses.filter(({ status }) => status === 429);
  expect(late.length).toBe(30);
  expect(Number(late[0]?.headers.get('retry-after'))).toBeGreaterThan(0);
  expect((await attempt(client_secret)).body.error).toBe('invalid_grant');
  await other.stop();
});

test('S18: after credentials every redirect is 303, which sends no form on', async () => {
  const stranger = await service.person();
  const fresh = await oauth.signedIn(stranger);
  const begun = await fresh.request('GET', oauth.authorizeUrl(clientId, pkce().challenge));
  const page = await fresh.request('GET', begun.location ?? '');
  const hidden = (name: string) => new RegExp(`name="${name}"[^>]*value="([^"]*)"`).exec(page.text)?.[1] ?? '';
  const decision = { csrf: hidden('csrf'), request: hidden('request'), decision: 'allow', scope: 'notes:read' };
  const done = await fresh.request('POST', '/consent', decision);
  expect([begun.status, done.status]).toEqual([303, 303]);
}); // prettier-ignore

test('S19: codes, tokens and secrets hold at least 128 bits, no two alike, and a public client has no secret', async () => {
  const made = await Promise.all([tokens(), tokens(), tokens()]);
  const secrets = made.flatMap(({ code, answer }) => [code, answer.body.refresh_token as string]);
  const { client_secret = '' } = await oauth.register({ token_endpoint_auth_method: 'client_secret_basic' });
  secrets.push(client_secret);
  expect(new Set(secrets).size).toBe(secrets.length);
  // 22 characters of base64url, or of base62, carry more than 128 bits.
  for (const secret of secrets) expect(secret.replace(/^[a-z]+_/, '').length).toBeGreaterThanOrEqual(22);
  expect(await oauth.register()).not.toHaveProperty('client_secret');
});

test('S25: a generated client id never looks like a URL', async () => {
  for (const _ of [1, 2, 3]) expect((await oauth.register()).client_id).toMatch(/^[A-Za-z0-9_-]+$/);
});

test('S26: consent names the client, the host of its id and that of the redirect, and warns where that is loopback', async () => {
  const server = await serve(json({}));
  const id = `${server.url}/client.json`;
  const loopback = 'http://localhost:7777/callback';
  const redirect_uris = [REDIRECT, loopback];
  server.answer = json({ client_id: id, client_name: 'Documented client', redirect_uris });
  const web = await browser.go(oauth.authorizeUrl(id, pkce().challenge));
  for (const words of ['Documented client', new URL(id).host, 'client.example'])
    expect(web.text.replace(/<[^>]+>/g, '')).toContain(words);
  expect(web.text).not.toContain('Any program on this computer');
  const local = await browser.go(oauth.authorizeUrl(id, pkce().challenge, { redirect_uri: loopback }));
  expect(local.text).toContain('Any program on this computer could be asking');
  expect(local.text.replace(/<[^>]+>/g, '')).toContain('localhost:7777');
  await server.stop();
});

test.each(['web', 'native'])('S27: a client registers itself, as %s, and is told what was understood', async (type) => {
  const redirect = type === 'web' ? REDIRECT : 'http://127.0.0.1/callback';
  const metadata = { client_name: 'X', redirect_uris: [redirect], application_type: type, unheard_of: 1 };
  const answer = await service.call('POST', '/oauth/register', { body: { ...metadata, token_endpoint_auth_method: 'none' } });
  expect(answer.status).toBe(201);
  expect(answer.body).toMatchObject({ client_name: 'X', redirect_uris: [redirect], application_type: type });
  expect(answer.body).not.toHaveProperty('unheard_of');
}); // prettier-ignore
