import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startTestService, type TestService } from '../support/harness.js';
import { Browser, OauthDriver, pkce, REDIRECT } from '../support/oauth.js';

let service: TestService;
let oauth: OauthDriver;
let clientId: string;
const LOOPBACK = 'http://localhost:7777/callback';
beforeAll(async () => {
  service = await startTestService();
  oauth = new OauthDriver(service);
  clientId = (await oauth.register({ redirect_uris: [REDIRECT, LOOPBACK] })).client_id;
});
afterAll(() => service.stop());

const hidden = (text: string, name: string) =>
  new RegExp(`name="${name}"[^>]*value="([^"]*)"`).exec(text)?.[1] ?? '';
const cookieOf = (browser: Browser) =>
  [...(Reflect.get(browser, 'cookies') as Map<string, string>)].map((pair) => pair.join('=')).join('; ');

/** A form posted with this browser's cookies and whatever headers. */
async function post(
  path: string,
  fields: Record<string, string>,
  browser: Browser,
  headers: Record<string, string> = {},
) {
  const response = await fetch(service.url + path, {
    method: 'POST',
    redirect: 'manual',
    headers: { Cookie: cookieOf(browser), ...headers },
    body: new URLSearchParams(fields),
  });
  return { status: response.status, location: response.headers.get('location'), text: await response.text() };
}

describe('attack 6: redirect_uri tricks', () => {
  test.each([
    `${REDIRECT}/more`, `${REDIRECT}2`, `${REDIRECT}?a=b`, `${REDIRECT}#`, `${REDIRECT}#x`, `${REDIRECT}/../evil`,
    `${REDIRECT}%2f`, `${REDIRECT}%00`, `${REDIRECT} `, `${REDIRECT}\n`, `${REDIRECT};x`, 'https://client.example/',
    'https://client.example', 'https://client.example/Callback', 'https://client.example/%63allback',
    'https://client.example:443/callback', 'https://client.example./callback', 'https://CLIENT.example/callback',
    'HTTPS://client.example/callback', 'https://client.example.evil.com/callback', 'https://evil.com/client.example/callback',
    'https://client.example@evil.com/callback', 'https://evil.com@client.example/callback', 'http://client.example/callback',
    'https://evil.com\\@client.example/callback', '//client.example/callback', '/callback', 'https:client.example/callback',
    'https://cl\u0456ent.example/callback', 'javascript:alert(1)', 'data:text/html,x', 'https://evil.com',
    'http://localhost.evil.com/callback', 'http://localhost.evil.com:7777/callback', 'http://localhost@evil.com/callback',
    'http://localhost:7777@evil.com/callback', 'http://localhost:7777.evil.com/callback', 'http://127.1:7777/callback',
    'http://127.0.0.1:7777/callback', 'http://[::1]:7777/callback', 'http://localhost:7777/callback/', 'http://localhost:99999/callback',
    'http://localhost:0/callback', 'http://localhost:/callback', 'http://localhost:7777/callback#x', 'https://localhost:7777/callback',
    'http://LOCALHOST:7777/callback', 'http://localhost:7777/callback?code=x', 'x'.repeat(5000),
  ])('attack 6: %j is not redirected to', async (uri) => {
    for (const more of [{}, { response_type: 'token' }, { prompt: 'none' }, { code_challenge: '' }]) {
      const url = oauth.authorizeUrl(clientId, pkce().challenge, { redirect_uri: uri, ...more });
      const visit = await new Browser(service.url).request('GET', url);
      expect([visit.status, visit.location]).toEqual([400, null]);
    }
  }); // prettier-ignore

  test('attack 6: a parameter that stands twice is not redirected to', async () => {
    const url = oauth.authorizeUrl(clientId, pkce().challenge);
    for (const twice of [
      `redirect_uri=${encodeURIComponent(REDIRECT)}`,
      'redirect_uri=https%3A%2F%2Fevil.com',
      `client_id=${clientId}`,
    ])
      for (const both of [`${url}&${twice}`, url.replace('?', `?${twice}&`)]) {
        const visit = await new Browser(service.url).request('GET', both);
        expect([visit.status, visit.location]).toEqual([400, null]);
      }
  });

  test('attack 6: an unknown client is not redirected for, wherever it says to', async () => {
    for (const id of ['nobody', '', `${clientId}x`, 'https://nobody.invalid/', '../x', '\u0000']) {
      const url = oauth.authorizeUrl(id, pkce().challenge, { redirect_uri: 'https://evil.com/' });
      const visit = await new Browser(service.url).request('GET', url);
      expect([visit.status, visit.location]).toEqual([400, null]);
    }
  });

  test('attack 6: only the port of a registered loopback host may differ', async () => {
    const url = oauth.authorizeUrl(clientId, pkce().challenge, {
      redirect_uri: 'http://localhost:5050/callback',
    });
    expect((await new Browser(service.url).request('GET', url)).status).toBe(303);
  });
});

describe('attack 7: registration', () => {
  test.each([
    'javascript:alert(1)', 'JavaScript:alert(1)', 'java\tscript:alert(1)', 'data:text/html,<script>alert(1)</script>',
    'vbscript:x', 'file:///etc/passwd', 'blob:https://x/y', 'about:blank', 'http://evil.com/cb', 'https://a:b@evil.com/',
    'https://evil.com/#x', 'https://*.evil.com/', '//evil.com', 'https://evil.com/\u202e', ' https://evil.com/', '',
  ])('attack 7: %j is not registered as a redirect_uri', async (uri) => {
    const answer = await service.call('POST', '/oauth/register', { body: { redirect_uris: [uri] } });
    expect([answer.status, answer.body.error]).toEqual([400, 'invalid_redirect_uri']);
  }); // prettier-ignore

  test.each(['logo_uri', 'client_uri', 'tos_uri', 'policy_uri', 'jwks_uri'])(
    'attack 7: a script as %s is not registered',
    async (member) => {
      for (const uri of ['javascript:alert(1)', 'data:image/svg+xml,<svg onload=alert(1)>']) {
        const body = { redirect_uris: [REDIRECT], [member]: uri };
        const answer = await service.call('POST', '/oauth/register', { body });
        expect([answer.status, answer.body.error]).toEqual([400, 'invalid_client_metadata']);
      }
    },
  );

  test('attack 7: markup in a name or a logo is text on the consent page', async () => {
    const { client_id } = await oauth.register({
      client_name: '"><script>alert(1)</script><img src=x onerror=alert(2)>',
      logo_uri: 'https://evil.com/"><script>alert(3)</script>',
    });
    const browser = await oauth.signedIn(await service.person());
    const page = await browser.go(oauth.authorizeUrl(client_id, pkce().challenge));
    expect(page.text).toContain('action="/consent"');
    expect(page.text).toContain('&lt;script');
    expect(page.text).not.toMatch(/<script|<img|javascript:/i);
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
  });
});

describe('attack 10: begun in browser A, finished in B', () => {
  test('attack 10: a consent link of another browser shows no consent and takes none', async () => {
    const [attacker, victim] = [
      new Browser(service.url),
      await oauth.signedIn(await service.person()),
    ];
    const begun = await attacker.request('GET', oauth.authorizeUrl(clientId, pkce().challenge));
    const sealed = new URL(begun.location ?? '', service.url).searchParams.get('continue') ?? '';
    const lured = await victim.request('GET', `/consent?request=${sealed}`);
    expect([lured.status, lured.location, lured.text.includes('foreign_request')]).toEqual([400, null, true]);
    const own = await victim.go(oauth.authorizeUrl(clientId, pkce().challenge));
    const csrf = hidden(own.text, 'csrf');
    const forced = await post('/consent', { csrf, request: sealed, decision: 'allow', scope: 'notes:read' }, victim);
    expect([forced.status, forced.location]).toEqual([400, null]);
  }); // prettier-ignore

  test('attack 10: a sign-in link of another browser does not sign in for its request', async () => {
    const attacker = new Browser(service.url);
    const begun = await attacker.request('GET', oauth.authorizeUrl(clientId, pkce().challenge));
    const victim = new Browser(service.url);
    const visit = await victim.request('GET', begun.location ?? '');
    expect([visit.status, visit.location]).toEqual([400, null]);
  });
});

describe('attack 11: consent without the person', () => {
  /** A consent page that waits for its answer. */
  async function asked() {
    const browser = await oauth.signedIn(await service.person());
    const page = await browser.go(oauth.authorizeUrl(clientId, pkce().challenge));
    const fields = { csrf: hidden(page.text, 'csrf'), request: hidden(page.text, 'request') };
    expect(fields.csrf).not.toBe('');
    return { browser, fields: { ...fields, decision: 'allow', scope: 'notes:read' } };
  }

  test('attack 11: a form from another site, or without this browser’s csrf value, is refused', async () => {
    const { browser, fields } = await asked();
    const other = await asked();
    const { csrf: _csrf, ...without } = fields;
    const tries: [Record<string, string>, Record<string, string>][] = [
      [fields, { 'Sec-Fetch-Site': 'cross-site' }],
      [fields, { Origin: 'null' }],
      [without, {}],
      [{ ...fields, csrf: '' }, {}],
      [{ ...fields, csrf: other.fields.csrf }, {}],
      [{ ...fields, csrf: `${fields.csrf}x` }, {}],
    ];
    for (const [body, headers] of tries) {
      const answer = await post('/consent', body, browser, headers);
      expect([answer.status, answer.location]).toEqual([403, null]);
    }
    const genuine = await post('/consent', fields, browser, { 'Sec-Fetch-Site': 'same-origin' });
    expect(genuine.location).toContain('code=');
  });

  test.each(['/login', '/signup', '/logout', '/device', '/device/decision'])(
    'attack 11: POST %s without the csrf value is refused',
    async (path) => {
      const { browser } = await asked();
      const answer = await post(path, { email: 'a@example.com', password: 'x', user_code: 'BBBB-BBBB' }, browser);
      expect([answer.status, answer.location]).toEqual([403, null]);
    },
  ); // prettier-ignore

  test('attack 11: a cross-site navigation gets no code that was not allowed before', async () => {
    const { browser, fields } = await asked();
    await post('/consent', fields, browser);
    const go = (more: Record<string, string>) =>
      browser.go(oauth.authorizeUrl(clientId, pkce().challenge, { scope: 'notes:read', ...more }));
    // The very same, to a web address that is the client's alone, may pass; all else is asked.
    expect((await go({})).location).toContain('code=');
    for (const more of [
      { scope: 'notes:write' },
      { redirect_uri: LOOPBACK },
      { redirect_uri: 'http://localhost:1/callback' },
      { prompt: 'consent' },
    ]) {
      const visit = await go(more);
      expect([visit.location, visit.text.includes('action="/consent"')]).toEqual([null, true]);
    }
  });

  test('attack 11: no page can be framed', async () => {
    const { browser } = await asked();
    const consent = await browser.go(oauth.authorizeUrl(clientId, pkce().challenge));
    const pages = await Promise.all(
      ['/login', '/signup', '/account', '/device', '/oauth/authorize', '/consent'].map((path) => browser.go(path)),
    );
    for (const page of [consent, ...pages]) {
      expect(page.headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
      expect(page.headers.get('x-frame-options')).toMatch(/^(DENY|SAMEORIGIN)$/);
    }
  }); // prettier-ignore
});
