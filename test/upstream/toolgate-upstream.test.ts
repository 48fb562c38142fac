import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { rememberSecret } from '../support/credentials.js';
import { startTestService, type TestService } from '../support/harness.js';
import { Browser, OauthDriver, pkce, REDIRECT, tickable } from '../support/oauth.js';
import { away } from './driver.js';

let upstream: TestService;
let service: TestService;
let provider: OauthDriver;
let oauth: OauthDriver;
beforeAll(async () => {
  upstream = await startTestService();
  provider = new OauthDriver(upstream);
  // Any port of a loopback host will do, and ours is not known yet.
  const { client_id, client_secret = '' } = await provider.register({
    redirect_uris: ['http://127.0.0.1/login/house/callback'],
    token_endpoint_auth_method: 'client_secret_basic',
  });
  const house = { id: 'house', name: 'The house', issuer: upstream.config.issuer, client_id, client_secret };
  service = await startTestService({ env: { UPSTREAM_PROVIDERS: JSON.stringify([house]) } });
  oauth = new OauthDriver(service);
});
afterAll(async () => {
  await service.stop();
  await upstream.stop();
});

/** A person with an account upstream goes there, allows it, and comes back to the callback. */
async function callbackOf(browser: Browser, query: string): Promise<string> {
  const person = await upstream.person();
  const there = await provider.signedIn(person);
  const page = await there.go(await away(browser, 'house', query));
  const visit = await there.submit(page, { decision: 'allow', scope: tickable(page) });
  rememberSecret(new URL(visit.location ?? '').searchParams.get('code') ?? '');
  return visit.location ?? '';
}

test('a Toolgate signs people in at another, in the middle of a client’s authorize request', async () => {
  const { client_id } = await oauth.register();
  const { verifier, challenge } = pkce();
  const browser = new Browser(service.url);
  const signIn = await browser.go(oauth.authorizeUrl(client_id, challenge));
  const query = /href="\/login\/house(\?continue=[\w-]+)"/.exec(signIn.text)?.[1] ?? '';
  const consent = await browser.go(await callbackOf(browser, query));
  expect(consent.text).toContain('action="/consent"');
  const visit = await browser.submit(consent, { decision: 'allow', scope: ['notes:read'] });
  const code = new URL(visit.location ?? '').searchParams.get('code') ?? '';
  rememberSecret(code);
  const answer = await oauth.token({
    grant_type: 'authorization_code',
    code,
    code_verifier: verifier,
    client_id,
    redirect_uri: REDIRECT,
  });
  expect(answer.body).toMatchObject({ token_type: 'Bearer', scope: 'notes:read' });
});

test('a token of the one is none at the other', async () => {
  const { accessToken } = await upstream.person();
  expect((await service.call('GET', '/auth/me', { bearer: accessToken })).status).toBe(401);
});
