import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startTestService, type TestService, setScopes } from '../support/harness.js';
import { OauthDriver, pkce, REDIRECT, tickable } from '../support/oauth.js';

let service: TestService;
let oauth: OauthDriver;
beforeAll(async () => {
  service = await startTestService({ env: { TRUST_PROXY: '127.0.0.1' } });
  oauth = new OauthDriver(service);
});
afterAll(() => service.stop());

const status = async (bearer: string) => (await service.call('GET', '/auth/me', { bearer })).status;
const second = () => new Promise((resolve) => setTimeout(resolve, 1000));

test('a grant taken back while its code is redeemed leaves no living token (20 rounds)', async () => {
  const person = await service.person();
  const { client_id } = await oauth.register();
  const browser = await oauth.signedIn(person);
  const living: string[] = [];
  for (let round = 0; round < 20; round += 1) {
    const { verifier, challenge } = pkce();
    const code = (await oauth.code(browser, oauth.authorizeUrl(client_id, challenge))).get('code') ?? '';
    const { body } = await service.call('GET', '/auth/grants', { bearer: person.accessToken });
    const [redeemed] = await Promise.all([
      oauth.token({ grant_type: 'authorization_code', code, code_verifier: verifier, client_id }),
      service.call('DELETE', `/auth/grants/${body.grants[0].id}`, { bearer: person.accessToken }),
    ]);
    if (redeemed.status !== 200) continue;
    const { refresh_token, access_token } = redeemed.body;
    const refreshed = await oauth.token({ grant_type: 'refresh_token', refresh_token, client_id });
    living.push(...(refreshed.status === 200 ? ['refresh'] : []));
    living.push(...((await status(access_token)) === 200 ? ['access'] : []));
  }
  expect(living).toEqual([]);
});

test('a consent form sent again brings no grant back', async () => {
  const person = await service.person();
  const { client_id } = await oauth.register();
  const browser = await oauth.signedIn(person);
  const page = await browser.go(oauth.authorizeUrl(client_id, pkce().challenge));
  const yes = { decision: 'allow', scope: tickable(page) };
  expect((await browser.submit(page, yes)).location).toContain('code=');
  const grants = () => service.call('GET', '/auth/grants', { bearer: person.accessToken });
  const [{ id }] = (await grants()).body.grants;
  await service.call('DELETE', `/auth/grants/${id}`, { bearer: person.accessToken });
  expect((await browser.submit(page, yes)).status).toBe(400);
  expect((await grants()).body.grants).toEqual([]);
});

test('a form shown to one person is of no use to another in the same browser', async () => {
  const [one, other] = [await service.person(), await service.person()];
  const { client_id } = await oauth.register();
  const browser = await oauth.signedIn(one);
  const page = await browser.go(oauth.authorizeUrl(client_id, pkce().challenge));
  await browser.submit(await browser.go('/login'), {
    email: other.email,
    password: 'violet-Kettle-9-marmalade-orbit',
  });
  expect((await browser.submit(page, { decision: 'allow', scope: tickable(page) })).status).toBe(403);
  const grants = await service.call('GET', '/auth/grants', { bearer: other.accessToken });
  expect(grants.body.grants).toEqual([]);
});

test('a key takes over no stronger key, and passes its own limits on', async () => {
  const { accessToken } = await service.person();
  const make = (bearer: string, body: object) => service.call('POST', '/keys', { bearer, body });
  const strong = await make(accessToken, { name: 'strong', scopes: ['mcp:write'] });
  const limits = { scopes: ['mcp:read', 'keys:write'], expires_in: 600, allowed_cidrs: ['127.0.0.0/8'] };
  const weak = await make(accessToken, { name: 'weak', ...limits });
  const rotated = await service.call('POST', `/keys/${strong.body.id}/rotate`, {
    bearer: weak.body.key,
    body: {},
  });
  expect([rotated.status, rotated.body.code]).toEqual([403, 'insufficient_scope']);
  const child = await make(weak.body.key, { name: 'child', scopes: ['mcp:read'] });
  expect(child.body).toMatchObject({ expires_at: weak.body.expires_at, allowed_cidrs: ['127.0.0.0/8'] });
});

test.each(['scope', 'expires', 'expires_at', 'allowed_cidr'])(
  'a key asked for with %s is refused, not unlimited',
  async (field) => {
    const { accessToken } = await service.person();
    const answer = await service.call('POST', '/keys', {
      bearer: accessToken,
      body: { name: 'k', [field]: ['x'] },
    });
    expect([answer.status, answer.body.errors?.[0]?.pointer]).toEqual([422, `/${field}`]);
  },
);

test('what is taken from a person is taken from their living tokens within a second', async () => {
  const { accessToken, email } = await service.person();
  await setScopes(service, email, ['mcp:read']);
  await second();
  const answer = await service.call('POST', '/keys', { bearer: accessToken, body: { name: 'k' } });
  expect([answer.status, answer.body.code]).toEqual([403, 'insufficient_scope']);
});

test('an access token is none in X-API-Key, also when it was just used', async () => {
  const { accessToken } = await service.person();
  expect(await status(accessToken)).toBe(200);
  const answer = await service.call('GET', '/auth/me', { headers: { 'X-API-Key': accessToken } });
  expect(answer.status).toBe(401);
});

test.each(['203.0.113.5:5555', 'unknown', '[2001:db8::1]:443', 'fe80::1%eth0'])(
  'a proxy that says %s stops no login',
  async (address) => {
    const { email } = await service.person();
    const answer = await service.call('POST', '/auth/login', {
      body: { email, password: 'violet-Kettle-9-marmalade-orbit' },
      headers: { 'X-Forwarded-For': address },
    });
    expect(answer.status).toBe(200);
  },
);

test('a redirect in HTTPS:// is refused, for it would be shown as an app', async () => {
  const answer = await service.call('POST', '/oauth/register', {
    body: { redirect_uris: [REDIRECT.replace('https', 'HTTPS')] },
  });
  expect([answer.status, answer.body.error]).toEqual([400, 'invalid_redirect_uri']);
});

test('a client cannot end the session behind a token it got in exchange', async () => {
  const person = await service.person();
  await setScopes(service, person.email, ['mcp:write', 'sessions:write', 'admin']);
  const login = await service.call('POST', '/auth/login', {
    body: { email: person.email, password: 'violet-Kettle-9-marmalade-orbit' },
  });
  const exchange = 'urn:ietf:params:oauth:grant-type:token-exchange';
  const server = await service.call('POST', '/admin/clients', {
    bearer: login.body.access_token,
    body: {
      grant_types: [exchange],
      serves: [service.config.resource],
      token_endpoint_auth_method: 'client_secret_post',
    },
  });
  expect([server.status, server.text.slice(0, 300)]).toEqual([201, expect.anything()]);
  const { client_id, client_secret } = server.body;
  const exchanged = await oauth.token({
    grant_type: exchange,
    subject_token: person.accessToken,
    subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    scope: 'mcp:read',
    client_id,
    client_secret,
  });
  expect(exchanged.body).toMatchObject({ scope: 'mcp:read', token_type: 'Bearer' });
  const revoked = await service.call('POST', '/oauth/revoke', {
    body: new URLSearchParams({ token: exchanged.body.access_token, client_id, client_secret }).toString(),
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
  });
  expect([revoked.status, revoked.body.error]).toEqual([400, 'unsupported_token_type']);
  expect(await status(person.accessToken)).toBe(200);
});
