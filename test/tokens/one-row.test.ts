import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Database } from '../../src/database/database.js';
import { UsersRepository } from '../../src/users/users.repository.js';
import { PASSWORD, setScopes, startTestService, type TestService } from '../support/harness.js';
import { type Browser, OauthDriver, pkce, REDIRECT } from '../support/oauth.js';

/** What keeps the one row of a session true (docs/adr/0027), whoever writes the others. */
let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.stop());

const refresh = (refresh_token: string) => service.call('POST', '/auth/refresh', { body: { refresh_token } });
const sql = async (text: string, values: unknown[]) =>
  (await service.app.get(Database).pool.query<Record<string, unknown>>(text, values)).rows;
const rowsOf = (id: string) => sql(`SELECT user_scopes FROM refresh_tokens WHERE user_id = $1`, [id]);

test('it leaves with the end of its session, and follows its person wherever their scopes go', async () => {
  const { id, email, refreshToken } = await service.person();
  await setScopes(service, email, ['notes:read']);
  expect(await rowsOf(id)).toEqual([{ user_scopes: ['notes:read'] }]);
  const cut = await refresh(refreshToken);
  expect(cut.body.scope).toBe('notes:read');
  await service.call('POST', '/auth/logout', { body: { refresh_token: refreshToken } });
  expect(await rowsOf(id)).toEqual([]);
  expect((await refresh(cut.body.refresh_token)).body.code).toBe('invalid_refresh_token');
});

test.each([
  [
    'a session',
    `UPDATE sessions SET revoked_at = now(), revoked_reason = 'by hand' WHERE user_id = $1 AND revoked_at IS NULL`,
  ],
  ['a person', `UPDATE users SET disabled_at = now() WHERE id = $1`],
])('it leaves with %s that is ended by SQL alone', async (_, text) => {
  const { id, refreshToken } = await service.person();
  await sql(text, [id]);
  expect(await rowsOf(id)).toEqual([]);
  expect((await refresh(refreshToken)).body.code).toBe('invalid_refresh_token');
  const sessions = await sql(`SELECT revoked_at IS NULL AS alive FROM sessions WHERE user_id = $1`, [id]);
  expect(sessions).toEqual([{ alive: false }]);
});

test('who signs in while their scopes change has the ones that they have now', async () => {
  const { id, email } = await service.person();
  const login = () => service.call('POST', '/auth/login', { body: { email, password: PASSWORD } });
  for (const scopes of [['notes:read'], ['notes:read', 'notes:write'], ['mcp:read']]) {
    await Promise.all([login(), login(), setScopes(service, email, scopes), login()]);
    for (const row of await rowsOf(id)) expect(row).toEqual({ user_scopes: scopes });
  }
});

describe('of an authorization code', () => {
  let oauth: OauthDriver;
  let browser: Browser;
  let clientId = '';
  let person: Awaited<ReturnType<TestService['person']>>;
  beforeAll(async () => {
    oauth = new OauthDriver(service);
    person = await service.person();
    browser = await oauth.signedIn(person);
    clientId = (await oauth.register()).client_id;
  });

  async function redemption() {
    const { verifier, challenge } = pkce();
    const answer = await oauth.code(browser, oauth.authorizeUrl(clientId, challenge, {}));
    return {
      grant_type: 'authorization_code',
      code: answer.get('code') ?? '',
      code_verifier: verifier,
      client_id: clientId,
      redirect_uri: REDIRECT,
    };
  }
  const form = (path: string, fields: Record<string, string>) =>
    service.call('POST', path, {
      body: new URLSearchParams(fields).toString(),
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    });

  test('it has the scopes that its person has now, also when they change meanwhile', async () => {
    for (let round = 0; round < 8; round += 1) {
      const scopes = round % 2 ? ['mcp:write'] : ['mcp:write', 'notes:read'];
      const request = await redemption();
      await Promise.all([
        service.app.get(UsersRepository).setScopes(person.email, scopes),
        oauth.token(request),
      ]);
      for (const row of await rowsOf(person.id)) expect(row).toEqual({ user_scopes: scopes });
    }
  });

  test('a token used long ago still tells whose session is to end, to its client and to nobody else', async () => {
    const first = (await oauth.token(await redemption())).body;
    const next = async (refresh_token: string) =>
      (await oauth.token({ grant_type: 'refresh_token', refresh_token, client_id: clientId })).body;
    const second = await next(first.refresh_token);
    service.clock.advance(86_400);
    const third = await next(second.refresh_token);
    const stranger = (await oauth.register()).client_id;
    const stolen = await oauth.token({ grant_type: 'refresh_token', refresh_token: first.refresh_token, client_id: stranger }); // prettier-ignore
    expect([stolen.status, stolen.body.error]).toEqual([400, 'invalid_grant']);
    await form('/oauth/revoke', { token: first.refresh_token, client_id: stranger });
    const fourth = await next(third.refresh_token);
    expect(fourth.access_token).toEqual(expect.any(String));
    expect((await form('/oauth/revoke', { token: first.refresh_token, client_id: clientId })).status).toBe(
      200,
    );
    expect((await next(fourth.refresh_token)).error).toBe('invalid_grant');
  });
});
