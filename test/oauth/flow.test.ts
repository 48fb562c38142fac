import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startTestService, type TestService } from '../support/harness.js';
import { OauthDriver, pkce, REDIRECT } from '../support/oauth.js';

let service: TestService;
let oauth: OauthDriver;
beforeAll(async () => {
  service = await startTestService();
  oauth = new OauthDriver(service);
});
afterAll(() => service.stop());

const list = { jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} };
const callMcp = (bearer: string) =>
  service.call('POST', '/mcp', {
    bearer,
    body: list,
    headers: { Accept: 'application/json, text/event-stream' },
  });

describe('the code flow', () => {
  test('leads from nothing to a tool call, a refresh and a revocation', async () => {
    const person = await service.person();
    const { clientId, answer } = await oauth.connect(person, {
      scope: 'notes:read',
      resource: service.config.resource,
    });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.body).toMatchObject({ token_type: 'Bearer', scope: 'notes:read' });
    expect((await callMcp(answer.body.access_token)).status).toBe(200);

    const refreshed = await oauth.token({
      grant_type: 'refresh_token',
      refresh_token: answer.body.refresh_token,
      client_id: clientId,
    });
    expect(refreshed.status).toBe(200);
    expect(refreshed.body.scope).toBe('notes:read');

    const revoked = await service.call('POST', '/oauth/revoke', {
      body: new URLSearchParams({ token: refreshed.body.refresh_token, client_id: clientId }).toString(),
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    });
    expect(revoked.status).toBe(200);
    expect((await callMcp(refreshed.body.access_token)).status).toBe(401);
  });

  test('gives state and iss back byte for byte', async () => {
    const { client_id } = await oauth.register();
    const browser = await oauth.signedIn(await service.person());
    const answer = await oauth.code(browser, oauth.authorizeUrl(client_id, pkce().challenge));
    expect(answer.get('state')).toBe('st/a=te==');
    expect(answer.get('iss')).toBe(service.config.issuer);
  });

  test('grants what was left ticked', async () => {
    const { client_id } = await oauth.register();
    const { verifier, challenge } = pkce();
    const browser = await oauth.signedIn(await service.person());
    const code = await oauth.code(browser, oauth.authorizeUrl(client_id, challenge), ['notes:read']);
    const answer = await oauth.token({
      grant_type: 'authorization_code',
      code: code.get('code') ?? '',
      code_verifier: verifier,
      client_id,
    });
    expect(answer.body.scope).toBe('notes:read');
  });

  test('remembers a consent for a web client, and asks anew for more', async () => {
    const person = await service.person();
    const { clientId, browser } = await oauth.connect(person, { scope: 'notes:read' });
    const again = await browser.go(oauth.authorizeUrl(clientId, pkce().challenge, { scope: 'notes:read' }));
    expect(again.location).toContain('code=');
    const more = await browser.go(oauth.authorizeUrl(clientId, pkce().challenge, { scope: 'notes:write' }));
    expect([more.location, more.text.includes('action="/consent"')]).toEqual([null, true]);
  });

  test('a grant that is taken back ends its sessions and is asked for anew', async () => {
    const person = await service.person();
    const { clientId, browser, answer } = await oauth.connect(person);
    const grants = await service.call('GET', '/auth/grants', { bearer: person.accessToken });
    expect(grants.body.grants).toMatchObject([
      { client_id: clientId, client_name: 'Test client', redirect_uris: [REDIRECT] },
    ]);
    const gone = await service.call('DELETE', `/auth/grants/${grants.body.grants[0].id}`, {
      bearer: person.accessToken,
    });
    expect(gone.status).toBe(204);
    expect((await callMcp(answer.body.access_token)).status).toBe(401);
    const anew = await browser.go(oauth.authorizeUrl(clientId, pkce().challenge));
    expect(anew.text).toContain('action="/consent"');
  });

  test('a no goes back to the client as access_denied', async () => {
    const { client_id } = await oauth.register();
    const browser = await oauth.signedIn(await service.person());
    const page = await browser.go(oauth.authorizeUrl(client_id, pkce().challenge));
    const visit = await browser.submit(page, { decision: 'deny' });
    expect(new URL(visit.location ?? '').searchParams.get('error')).toBe('access_denied');
  });

  test('an id_token and userinfo come with openid', async () => {
    const person = await service.person();
    const { clientId, answer } = await oauth.connect(person, { scope: 'openid email notes:read' });
    const claims = JSON.parse(Buffer.from(answer.body.id_token.split('.')[1], 'base64url').toString());
    expect(claims).toMatchObject({
      iss: service.config.issuer,
      aud: clientId,
      sub: person.id,
      email: person.email,
    });
    const userinfo = await service.call('GET', '/oauth/userinfo', { bearer: answer.body.access_token });
    expect(userinfo.body).toEqual({ sub: person.id, email: person.email, email_verified: false });
    expect((await callMcp(answer.body.id_token)).status).toBe(401);
  });
});

describe('a code', () => {
  test('of 50 at once one is redeemed; a later replay ends its session (attack 1)', async () => {
    const person = await service.person();
    const { client_id } = await oauth.register();
    const { verifier, challenge } = pkce();
    const browser = await oauth.signedIn(person);
    const code = (await oauth.code(browser, oauth.authorizeUrl(client_id, challenge))).get('code') ?? '';
    const redeem = (more: Record<string, string> = {}) =>
      oauth.token({ grant_type: 'authorization_code', code, code_verifier: verifier, client_id, ...more });
    const answers = await Promise.all(Array.from({ length: 50 }, () => redeem()));
    const won = answers.filter(({ status }) => status === 200);
    expect(won.length).toBe(1);
    expect(new Set(answers.filter(({ status }) => status !== 200).map(({ body }) => body.error))).toEqual(
      new Set(['invalid_grant']),
    );
    const token = won[0]?.body.access_token;
    expect((await callMcp(token)).status).toBe(200);
    service.clock.advance(3);
    await redeem({ code_verifier: pkce().verifier });
    expect((await callMcp(token)).status).toBe(200);
    expect((await redeem()).body.error).toBe('invalid_grant');
    expect((await callMcp(token)).status).toBe(401);
  });

  test.each([
    ['another client', async () => ({ client_id: (await oauth.register()).client_id })],
    ['another redirect_uri', () => ({ redirect_uri: 'https://client.example/other' })],
    ['another verifier', () => ({ code_verifier: pkce().verifier })],
  ])('is refused with %s, and still good for its own', async (_, wrong) => {
    const { client_id } = await oauth.register();
    const { verifier, challenge } = pkce();
    const browser = await oauth.signedIn(await service.person());
    const code = (await oauth.code(browser, oauth.authorizeUrl(client_id, challenge))).get('code') ?? '';
    const right = {
      grant_type: 'authorization_code',
      code,
      code_verifier: verifier,
      client_id,
      redirect_uri: REDIRECT,
    };
    const refused = await oauth.token({ ...right, ...(await wrong()) });
    expect([refused.status, refused.body.error]).toEqual([400, 'invalid_grant']);
    expect((await oauth.token(right)).status).toBe(200);
  });
});

describe('the device flow', () => {
  const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code';
  test('ends in tokens once the person allowed it', async () => {
    const { client_id } = await oauth.register({ grant_types: [DEVICE, 'refresh_token'] });
    const form = (body: Record<string, string>) => ({
      body: new URLSearchParams(body).toString(),
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    });
    const begun = await service.call(
      'POST',
      '/oauth/device_authorization',
      form({ client_id, scope: 'notes:read' }),
    );
    expect(begun.status).toBe(200);
    const poll = () => oauth.token({ grant_type: DEVICE, device_code: begun.body.device_code, client_id });
    expect((await poll()).body.error).toBe('authorization_pending');
    expect((await poll()).body.error).toBe('slow_down');

    const browser = await oauth.signedIn(await service.person());
    const typed = await browser.go(begun.body.verification_uri_complete);
    const asked = await browser.submit(typed, { user_code: String(begun.body.user_code).toLowerCase() });
    expect(asked.text).toContain('notes:read');
    const done = await browser.submit(asked, { decision: 'allow', scope: ['notes:read'] });
    expect(done.status).toBe(200);
    service.clock.advance(15);
    const answers = await Promise.all(Array.from({ length: 10 }, poll));
    const won = answers.filter(({ status }) => status === 200);
    expect(won.length).toBe(1);
    expect((await callMcp(won[0]?.body.access_token)).status).toBe(200);
  });
});

test('what was allowed is shown at /account and taken back there', async () => {
  const person = await service.person();
  const { browser, answer } = await oauth.connect(person);
  const account = await browser.go('/account');
  expect(account.text).toContain('Take back from');
  const after = await browser.submit(account, {});
  expect(after.text).toContain('Nothing yet');
  expect((await callMcp(answer.body.access_token)).status).toBe(401);
});
