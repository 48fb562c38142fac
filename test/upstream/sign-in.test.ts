import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { PASSWORD, startTestService, type TestService } from '../support/harness.js';
import { Browser, OauthDriver, pkce, REDIRECT } from '../support/oauth.js';
import { remember, rememberSecret } from '../support/credentials.js';
import { away, count, sql, throughProvider, toCallback } from './driver.js';
import { CLIENT, type OidcAccount, OidcServer } from './oidc-server.js';

let idp: OidcServer;
let service: TestService;
let oauth: OauthDriver;
beforeAll(async () => {
  idp = await OidcServer.prepare();
  rememberSecret(CLIENT.client_secret);
  const providers = [
    { id: 'idp', name: 'Example ID', issuer: idp.issuer, ...CLIENT },
    { id: 'other', issuer: idp.issuer, ...CLIENT },
    { id: 'wrong-issuer', issuer: `${idp.issuer}/`, ...CLIENT },
  ];
  service = await startTestService({ env: { UPSTREAM_PROVIDERS: JSON.stringify(providers) } });
  await idp.start(providers.map(({ id }) => `${service.url}/login/${id}/callback`));
  oauth = new OauthDriver(service);
});
afterAll(async () => {
  await service.stop();
  await idp.stop();
});

const someone = (more: Partial<OidcAccount> = {}): OidcAccount => {
  const sub = randomBytes(6).toString('hex');
  return { sub, email: `u${sub}@example.com`, email_verified: true, name: 'Una', ...more };
};
const userOf = async (email: string | undefined) =>
  (await sql(service, 'SELECT * FROM users WHERE lower(email) = lower($1)', [email]))[0];

describe('a sign-in', () => {
  test('is offered on the sign-in page, with where the person was going', async () => {
    const { client_id } = await oauth.register();
    const page = await new Browser(service.url).go(oauth.authorizeUrl(client_id, pkce().challenge));
    expect(page.text).toContain('Continue with <bdi>Example ID</bdi>');
    expect(page.text).toMatch(/href="\/login\/idp\?continue=[\w-]{100,}"/);
  });

  test('sends PKCE, state and nonce, and leaves none of them readable in the database', async () => {
    const browser = new Browser(service.url);
    const location = new URL(await away(browser, 'idp'));
    expect(Object.fromEntries(location.searchParams)).toEqual({
      response_type: 'code',
      client_id: CLIENT.client_id,
      redirect_uri: `${service.url}/login/idp/callback`,
      scope: 'openid email profile',
      state: expect.stringMatching(/^[\w-]{43}$/),
      nonce: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge_method: 'S256',
    });
  });

  test('makes an account with a proven address and no password, and finds it again', async () => {
    idp.account = someone();
    const browser = new Browser(service.url);
    const page = await browser.go(await toCallback(browser, 'idp'));
    expect([page.status, page.url]).toEqual([200, `${service.url}/account`]);
    expect(page.text).toContain(idp.account.email);
    expect(await userOf(idp.account.email)).toMatchObject({ password_hash: null, name: 'Una' });
    expect((await userOf(idp.account.email))?.['email_verified_at']).not.toBeNull();

    const elsewhere = new Browser(service.url);
    expect((await elsewhere.go(await toCallback(elsewhere, 'idp'))).text).toContain(idp.account.email);
    expect(await count(service, 'users WHERE email = $1', [idp.account.email])).toBe(1);
    const { status } = await service.call('POST', '/auth/login', {
      body: { email: idp.account.email, password: PASSWORD },
    });
    expect(status).toBe(401);
  });

  test('in the middle of an authorize request ends in the code for the client', async () => {
    idp.account = someone();
    const { client_id } = await oauth.register();
    const { verifier, challenge } = pkce();
    const browser = new Browser(service.url);
    const page = await browser.go(oauth.authorizeUrl(client_id, challenge, { scope: 'notes:read' }));
    const href = /href="(\/login\/idp\?continue=[^"]+)"/.exec(page.text)?.[1] ?? '';
    const consent = await browser.go(
      await throughProvider((await browser.request('GET', href)).location ?? ''),
    );
    expect(consent.text).toContain('action="/consent"');
    const allowed = await browser.submit(consent, { decision: 'allow', scope: ['notes:read'] });
    const code = new URL(allowed.location ?? '').searchParams.get('code') ?? '';
    const answer = await oauth.token({
      grant_type: 'authorization_code', code, code_verifier: verifier, client_id, redirect_uri: REDIRECT,
    }); // prettier-ignore
    expect([answer.status, answer.body.scope]).toEqual([200, 'notes:read']);
  });

  test('over REST ends in a token pair', async () => {
    idp.account = someone();
    const browser = new Browser(service.url);
    const answer = await browser.request('GET', await toCallback(browser, 'idp', '?format=json'));
    expect(answer.status).toBe(200);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    const tokens = JSON.parse(answer.text);
    remember(tokens);
    expect(tokens).toMatchObject({ token_type: 'Bearer', scope: 'mcp:write keys:write sessions:write' });
    const me = await service.call('GET', '/auth/me', { bearer: tokens.access_token });
    expect(me.body.user.email).toBe(idp.account.email);
    expect(me.body.credential.resource).toBe(service.config.resource);
    expect((await browser.go('/account')).url).toBe(`${service.url}/login`);
  });

  test('links to an account whose address is proven too', async () => {
    const person = await service.person();
    await sql(service, 'UPDATE users SET email_verified_at = now() WHERE id = $1', [person.id]);
    idp.account = someone({ email: person.email.toUpperCase() });
    const browser = new Browser(service.url);
    expect((await browser.go(await toCallback(browser, 'idp'))).text).toContain(person.email);
    const login = await service.call('POST', '/auth/login', {
      body: { email: person.email, password: PASSWORD },
    });
    expect(login.status).toBe(200);
    expect((await service.call('GET', '/auth/me', { bearer: person.accessToken })).status).toBe(200);
  });

  test('that the provider refused is explained', async () => {
    const browser = new Browser(service.url);
    const state = new URL(await away(browser, 'idp')).searchParams.get('state') ?? '';
    const query = new URLSearchParams({
      error: 'access_denied',
      error_description: '<b>no</b>',
      state,
      iss: idp.issuer,
    });
    const page = await browser.go(`/login/idp/callback?${query.toString()}`);
    expect(page.status).toBe(400);
    expect(page.text).toContain('You are not signed in with Example ID');
    expect(page.text).not.toContain('<b>no');
    expect((await browser.go(`/login/idp/callback?${query.toString()}`)).text).toContain('stale_sign_in');
  });

  test.each(['/login/nobody', '/login/nobody/callback?state=x'])('%s is not found', async (path) => {
    expect((await new Browser(service.url).request('GET', path)).status).toBe(404);
  });
});

describe('refused (attack 19)', () => {
  const refusal = async (browser: Browser, callback: string, code: string) => {
    const page = await browser.request('GET', callback);
    expect(page.status).toBe(400);
    expect(page.text).toContain(code);
    expect((await browser.go('/account')).url).toBe(`${service.url}/login`);
  };
  const changed = (callback: string, change: (parameters: URLSearchParams) => void) => {
    const url = new URL(callback);
    change(url.searchParams);
    return url.href;
  };

  test('an unverified e-mail links nothing, and makes a new account unproven', async () => {
    const person = await service.person();
    await sql(service, 'UPDATE users SET email_verified_at = now() WHERE id = $1', [person.id]);
    idp.account = someone({ email: person.email, email_verified: false });
    const browser = new Browser(service.url);
    await refusal(browser, await toCallback(browser, 'idp'), 'address_taken');
    expect(await count(service, 'upstream_identities WHERE subject = $1', [idp.account.sub])).toBe(0);

    idp.account = someone({ email_verified: false });
    const fresh = new Browser(service.url);
    await fresh.go(await toCallback(fresh, 'idp'));
    expect((await userOf(idp.account.email))?.['email_verified_at']).toBeNull();
  });

  test.each([
    ["the attacker's iss", (p: URLSearchParams) => { p.set('iss', 'https://attacker.example'); }],
    ['no iss from a provider that promised it', (p: URLSearchParams) => { p.delete('iss'); }],
    ['two of them', (p: URLSearchParams) => { p.append('iss', 'https://attacker.example'); }],
  ])('%s', async (_, change) => {
    idp.account = someone();
    const browser = new Browser(service.url);
    await refusal(browser, changed(await toCallback(browser, 'idp'), change), 'provider_refused');
    expect(await userOf(idp.account.email)).toBeUndefined();
  }); // prettier-ignore

  test('the state of another provider', async () => {
    idp.account = someone();
    const browser = new Browser(service.url);
    const callback = await toCallback(browser, 'idp');
    await refusal(browser, callback.replace('/login/idp/', '/login/other/'), 'stale_sign_in');
    expect((await browser.go(callback)).url).toBe(`${service.url}/account`);
  });

  test.each([
    ['no state', (p: URLSearchParams) => { p.delete('state'); }],
    ['a state made up', (p: URLSearchParams) => { p.set('state', 'x'.repeat(43)); }],
    ['the state twice', (p: URLSearchParams) => { p.append('state', p.get('state') ?? ''); }],
  ])('%s', async (_, change) => {
    idp.account = someone();
    const browser = new Browser(service.url);
    await refusal(browser, changed(await toCallback(browser, 'idp'), change), 'stale_sign_in');
  }); // prettier-ignore

  test("someone else's code under one's own state (nonce)", async () => {
    idp.account = someone();
    const theirs = new URL(await toCallback(new Browser(service.url), 'idp')).searchParams.get('code') ?? '';
    const browser = new Browser(service.url);
    const own = await toCallback(browser, 'idp');
    await refusal(
      browser,
      changed(own, (parameters) => {
        parameters.set('code', theirs);
      }),
      'provider_refused',
    );
  });

  test('a callback in another browser', async () => {
    idp.account = someone();
    const callback = await toCallback(new Browser(service.url), 'idp');
    await refusal(new Browser(service.url), callback, 'stale_sign_in');
    const other = new Browser(service.url);
    await away(other, 'idp');
    await refusal(other, callback, 'stale_sign_in');
  });

  test('a callback replayed', async () => {
    idp.account = someone();
    const browser = new Browser(service.url);
    const callback = await toCallback(browser, 'idp');
    expect((await browser.request('GET', callback)).status).toBe(303);
    const again = await browser.request('GET', callback);
    expect([again.status, again.text.includes('stale_sign_in')]).toEqual([400, true]);
  });

  test('of 20 callbacks at once all but one', async () => {
    idp.account = someone();
    const browser = new Browser(service.url);
    const callback = await toCallback(browser, 'idp');
    const answers = await Promise.all(Array.from({ length: 20 }, () => browser.request('GET', callback)));
    expect(answers.map(({ status }) => status).sort()).toEqual([
      303,
      ...Array.from({ length: 19 }, () => 400),
    ]);
    const { id } = (await userOf(idp.account.email)) ?? {};
    expect(await count(service, 'sessions WHERE user_id = $1', [id])).toBe(1);
  });

  test('a sign-in that took eleven minutes', async () => {
    idp.account = someone();
    const browser = new Browser(service.url);
    const callback = await toCallback(browser, 'idp');
    await sql(service, `UPDATE upstream_logins SET expires_at = expires_at - interval '11 minutes'`);
    await refusal(browser, callback, 'stale_sign_in');
  });

  test('a discovery document of another issuer', async () => {
    const page = await new Browser(service.url).request('GET', '/login/wrong-issuer');
    expect([page.status, page.text.includes('provider_refused')]).toEqual([400, true]);
  });

  test('a disabled account', async () => {
    idp.account = someone();
    const browser = new Browser(service.url);
    await browser.go(await toCallback(browser, 'idp'));
    await sql(service, 'UPDATE users SET disabled_at = now() WHERE email = $1', [idp.account.email]);
    const page = await browser.request('GET', await toCallback(browser, 'idp'));
    expect([page.status, page.text.includes('account_disabled')]).toEqual([403, true]);
  });
});

describe('first sign-ins at once', () => {
  test('of one person make one account', async () => {
    idp.account = someone();
    const browsers = Array.from({ length: 10 }, () => new Browser(service.url));
    const callbacks: string[] = [];
    for (const browser of browsers) callbacks.push(await toCallback(browser, 'idp'));
    const answers = await Promise.all(
      browsers.map((browser, index) => browser.request('GET', callbacks[index] ?? '')),
    );
    expect(answers.map(({ status }) => status)).toEqual(browsers.map(() => 303));
    expect(await count(service, 'users WHERE email = $1', [idp.account.email])).toBe(1);
    expect(await count(service, 'upstream_identities WHERE subject = $1', [idp.account.sub])).toBe(1);
  });
});

describe('a squatter', () => {
  test('who registered the address first loses access by password, session, key, grant and browser', async () => {
    const squatter = await service.person();
    const { browser: theirs, answer: granted } = await oauth.connect(squatter, { scope: 'notes:read' });
    const key = await service.call('POST', '/keys', {
      bearer: squatter.accessToken,
      body: { name: 'mine', scopes: ['mcp:write'] },
    });
    expect([granted.status, key.status]).toEqual([200, 201]);
    expect((await theirs.go('/account')).url).toBe(`${service.url}/account`);

    idp.account = someone({ email: squatter.email });
    const owner = new Browser(service.url);
    expect((await owner.go(await toCallback(owner, 'idp'))).text).toContain(squatter.email);

    const me = (bearer: string) => service.call('GET', '/auth/me', { bearer });
    expect((await me(squatter.accessToken)).status).toBe(401);
    expect((await me(granted.body.access_token)).status).toBe(401);
    expect((await me(key.body.key)).status).toBe(401);
    const again = { email: squatter.email, password: PASSWORD };
    expect((await service.call('POST', '/auth/login', { body: again })).status).toBe(401);
    const refresh = { refresh_token: squatter.refreshToken };
    expect((await service.call('POST', '/auth/refresh', { body: refresh })).status).toBe(401);
    expect((await theirs.go('/account')).url).toBe(`${service.url}/login`);
    expect(await count(service, 'grants WHERE user_id = $1 AND revoked_at IS NULL', [squatter.id])).toBe(0);
    expect((await owner.go('/account')).text).toContain(squatter.email);
  });

  test('who came through a provider that does not verify loses that way in too', async () => {
    const email = someone().email ?? '';
    idp.account = someone({ email, email_verified: false });
    const squatting = idp.account;
    const squatter = new Browser(service.url);
    await squatter.go(await toCallback(squatter, 'other'));
    idp.account = someone({ email });
    const owner = new Browser(service.url);
    await owner.go(await toCallback(owner, 'idp'));
    expect((await squatter.go('/account')).url).toBe(`${service.url}/login`);

    idp.account = squatting;
    const page = await squatter.request('GET', await toCallback(squatter, 'other'));
    expect([page.status, page.text.includes('address_taken')]).toEqual([400, true]);
  });
});
