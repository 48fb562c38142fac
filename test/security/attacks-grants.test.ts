import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ResourcesRepository } from '../../src/resources/resources.repository.js';
import { type Answer, startTestService, type TestService } from '../support/harness.js';
import { type Browser, OauthDriver, pkce, REDIRECT } from '../support/oauth.js';

const OTHER_RESOURCE = 'https://other.example/mcp';
let service: TestService;
let oauth: OauthDriver;
let browser: Browser;
let clientId: string;
beforeAll(async () => {
  service = await startTestService();
  oauth = new OauthDriver(service);
  const scopes = [{ name: 'notes:read', description: 'Read' }];
  await service.app.get(ResourcesRepository).save(
    {
      identifier: OTHER_RESOURCE,
      name: 'Other',
      scopes,
      defaultScopes: ['notes:read'],
      tools: [],
    },
    new Date(),
  );
  browser = await oauth.signedIn(await service.person());
  clientId = (await oauth.register()).client_id;
});
afterAll(() => service.stop());

const list = { jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} };
const Accept = 'application/json, text/event-stream';
const mcp = async (bearer: string, at = service) =>
  (await at.call('POST', '/mcp', { bearer, body: list, headers: { Accept } })).status;
const form = (path: string, fields: Record<string, string>, headers: Record<string, string> = {}) =>
  service.call('POST', path, {
    body: new URLSearchParams(fields).toString(),
    headers: { 'Content-Type': 'application/x-www-form-urlencoded', ...headers },
  });
const refused = ({ status, body }: Answer) => [status, body.error];
const refresh = (token: string, more: Record<string, string> = {}) =>
  oauth.token({ grant_type: 'refresh_token', refresh_token: token, client_id: clientId, ...more });

/** A fresh code, and the request that redeems it. */
async function redemption(more: Record<string, string> = {}) {
  const { verifier, challenge } = pkce();
  const answer = await oauth.code(browser, oauth.authorizeUrl(clientId, challenge, more));
  return {
    grant_type: 'authorization_code',
    code: answer.get('code') ?? '',
    code_verifier: verifier,
    client_id: clientId,
    redirect_uri: REDIRECT,
  };
}
const connected = async () => (await oauth.token(await redemption())).body;

test('attack 1: of 50 parallel redemptions of one code one is granted, and a later replay revokes its tokens', async () => {
  const request = await redemption();
  const answers = await Promise.all(Array.from({ length: 50 }, () => oauth.token(request)));
  const won = answers.filter(({ status }) => status === 200);
  expect(won.length).toBe(1);
  expect(new Set(answers.filter(({ status }) => status !== 200).map((one) => refused(one).join()))).toEqual(
    new Set(['400,invalid_grant']),
  );
  const { access_token, refresh_token } = won[0]?.body ?? {};
  service.clock.advance(3);
  expect(refused(await oauth.token(request))).toEqual([400, 'invalid_grant']);
  expect(await mcp(access_token)).toBe(401);
  expect(refused(await refresh(refresh_token))).toEqual([400, 'invalid_grant']);
});

test('attack 2: 50 parallel refreshes get one successor; a reuse after the window kills the family, also after a restart', async () => {
  const first = await connected();
  const answers = await Promise.all(Array.from({ length: 50 }, () => refresh(first.refresh_token)));
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  expect(new Set(answers.map(({ body }) => body.refresh_token)).size).toBe(1);
  const successor = answers[0]?.body;
  service.clock.advance(31);
  expect(refused(await refresh(first.refresh_token))).toEqual([400, 'invalid_grant']);
  expect(refused(await refresh(successor.refresh_token))).toEqual([400, 'invalid_grant']);
  const { databaseUrl, masterKey, url: publicUrl, clock } = service;
  const restarted = await startTestService({ databaseUrl, masterKey, publicUrl, clock });
  const again = await new OauthDriver(restarted).token({
    grant_type: 'refresh_token',
    refresh_token: successor.refresh_token,
    client_id: clientId,
  });
  expect(refused(again)).toEqual([400, 'invalid_grant']);
  expect(await mcp(successor.access_token, restarted)).toBe(401);
  await restarted.stop();
});

test.each(['refresh token', 'access token'])(
  'attack 3: a refresh that races a revocation by the %s leaves no living token',
  async (kind) => {
    for (let round = 0; round < 20; round += 1) {
      const { access_token, refresh_token } = await connected();
      const token = kind === 'refresh token' ? refresh_token : access_token;
      const [refreshed, revoked] = await Promise.all([
        refresh(refresh_token),
        form('/oauth/revoke', { token, client_id: clientId }),
      ]);
      expect(revoked.status).toBe(200);
      expect(await mcp(access_token)).toBe(401);
      if (refreshed.status !== 200) continue;
      expect(await mcp(refreshed.body.access_token)).toBe(401);
      expect(refused(await refresh(refreshed.body.refresh_token))).toEqual([400, 'invalid_grant']);
    }
  },
);

test('attack 3: a refresh that races the removal of the grant leaves no living token', async () => {
  const person = await service.person();
  for (let round = 0; round < 5; round += 1) {
    const { clientId: mine, answer } = await oauth.connect(person);
    const grants = await service.call('GET', '/auth/grants', { bearer: person.accessToken });
    const id = grants.body.grants.find((grant: { client_id: string }) => grant.client_id === mine).id;
    const [refreshed, gone] = await Promise.all([
      refresh(answer.body.refresh_token, { client_id: mine }),
      service.call('DELETE', `/auth/grants/${id}`, { bearer: person.accessToken }),
    ]);
    expect(gone.status).toBe(204);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(await mcp(answer.body.access_token)).toBe(401);
    if (refreshed.status === 200) expect(await mcp(refreshed.body.access_token)).toBe(401);
  }
});

test('attack 4: another client can neither refresh, nor revoke, nor introspect, nor redeem what is not its own', async () => {
  const thief = await oauth.register({ token_endpoint_auth_method: 'client_secret_post' });
  const as = { client_id: thief.client_id, client_secret: thief.client_secret ?? '' };
  const { access_token, refresh_token } = await connected();
  expect(refused(await refresh(refresh_token, as))).toEqual([400, 'invalid_grant']);
  for (const token of [access_token, refresh_token]) {
    expect((await form('/oauth/introspect', { token, ...as })).body).toEqual({ active: false });
    expect((await form('/oauth/revoke', { token, ...as })).status).toBe(200);
  }
  expect(refused(await oauth.token({ ...(await redemption()), ...as }))).toEqual([400, 'invalid_grant']);
  expect(await mcp(access_token)).toBe(200);
  expect((await refresh(refresh_token)).status).toBe(200);
});

describe('attack 5: PKCE', () => {
  const missing = (more: Record<string, string>) =>
    browser.go(oauth.authorizeUrl(clientId, pkce().challenge, more));

  test.each([
    ['no challenge', { code_challenge: '' }],
    ['no challenge, no method', { code_challenge: '', code_challenge_method: '' }],
    ['plain', { code_challenge_method: 'plain' }],
    ['no method, which means plain', { code_challenge_method: '' }],
    ['the method in another case', { code_challenge_method: 's256' }],
    ['a challenge cut short', { code_challenge: 'abc' }],
    ['a challenge with padding', { code_challenge: `${pkce().challenge}=` }],
  ])('attack 5: a request with %s gets no code', async (_, more) => {
    const { location } = await missing(more);
    const answer = new URL(location ?? '').searchParams;
    expect([answer.get('error'), answer.get('code')]).toEqual(['invalid_request', null]);
  });

  test.each([
    ['no verifier', { code_verifier: '' }, 'invalid_request'],
    ['an empty verifier’s hash', { code_verifier: '47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU' }, 'invalid_grant'],
    ['a verifier cut short', { code_verifier: 'abc' }, 'invalid_grant'],
    ['plain named at the token endpoint', { code_challenge_method: 'plain' }, 'challenge'],
  ])('attack 5: a code with %s gets no token', async (_, more, word) => {
    const { verifier, challenge } = pkce();
    const code = (await oauth.code(browser, oauth.authorizeUrl(clientId, challenge))).get('code') ?? '';
    const right = { grant_type: 'authorization_code', code, code_verifier: verifier, client_id: clientId };
    // Method swapped: the challenge itself, which an observer of the browser has seen, as if it were the verifier.
    const wrong = { ...right, ...(word === 'challenge' ? { ...more, code_verifier: challenge } : more) };
    expect(refused(await oauth.token(wrong))).toEqual([400, word === 'challenge' ? 'invalid_grant' : word]);
    expect((await oauth.token(right)).status).toBe(200);
  });
}); // prettier-ignore

describe('attack 12: a resource that was not consented to', () => {
  test.each([
    ['another of ours', OTHER_RESOURCE],
    ['an unknown one', 'https://unknown.example/mcp'],
    ['none at all', 'not a uri'],
  ])('attack 12: neither a code nor a refresh token is good for %s', async (_, resource) => {
    const request = await redemption();
    expect(refused(await oauth.token({ ...request, resource }))).toEqual([400, 'invalid_target']);
    const { body } = await oauth.token(request);
    expect(refused(await refresh(body.refresh_token, { resource }))).toEqual([400, 'invalid_target']);
    const refreshed = await refresh(body.refresh_token, { resource: service.config.resource });
    expect(await mcp(refreshed.body.access_token)).toBe(200);
  });

  test('attack 12: two resources at once are refused', async () => {
    const resources = `resource=${encodeURIComponent(service.config.resource)}&resource=${encodeURIComponent(OTHER_RESOURCE)}`;
    const url = `${oauth.authorizeUrl(clientId, pkce().challenge)}&${resources}`;
    expect((await browser.go(url)).location).toContain('error=invalid_target');
    const body = `${new URLSearchParams(await redemption()).toString()}&${resources}`;
    const headers = { 'Content-Type': 'application/x-www-form-urlencoded' };
    expect((await service.call('POST', '/oauth/token', { body, headers })).status).toBe(400);
  });

  test('attack 12: a refresh never widens the scope', async () => {
    const { body } = await oauth.token(await redemption({ scope: 'notes:read' }));
    const wider = await refresh(body.refresh_token, { scope: 'notes:read notes:write mcp:admin' });
    expect(wider.body.scope).toBe('notes:read');
    expect(refused(await refresh(wider.body.refresh_token, { scope: 'notes:write' }))).toEqual([
      400,
      'invalid_scope',
    ]);
  });
});
