import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startTestService, type TestService } from '../support/harness.js';
import { OauthDriver, pkce } from '../support/oauth.js';

let service: TestService;
let oauth: OauthDriver;
let clientId: string;
beforeAll(async () => {
  service = await startTestService();
  oauth = new OauthDriver(service);
  clientId = (await oauth.register()).client_id;
});
afterAll(() => service.stop());

const FORM = { 'Content-Type': 'application/x-www-form-urlencoded' };
const SECONDS = 3;

/** Answered by a 4xx, soon. */
async function expectRefused(method: string, path: string, options: Parameters<TestService['call']>[2]) {
  const begun = Date.now();
  const answer = await service.call(method, path, options);
  expect([path, options, answer.status >= 400 && answer.status < 500]).toEqual([path, options, true]);
  expect(Date.now() - begun).toBeLessThan(SECONDS * 1000);
  return answer;
}

describe('attack 24: malformed requests', () => {
  const AUTHORIZATIONS = [
    'Bearer', 'Bearer ', 'Bearer  x y', 'bearer', 'Basic', 'Basic ', 'Basic !!!', 'Basic Og==', 'Basic Onh4', 'Basic JTpl',
    'Basic ZA==', 'Bearer \t', 'Bearer a.b.c', 'Bearer ..', 'Bearer null', 'Digest username="x"', 'Negotiate x', ',', '=', 'x'.repeat(9000),
    `Bearer ${'a.'.repeat(5000)}`, 'Basic ' + 'A'.repeat(9000), 'Bearer \u00ff', 'Bearer x, Bearer y',
  ]; // prettier-ignore
  test.each(AUTHORIZATIONS)('attack 24: the Authorization header %j', async (authorization) => {
    const headers = { Authorization: authorization };
    const body = { jsonrpc: '2.0', id: 1, method: 'tools/list' };
    await expectRefused('POST', '/mcp', { headers, body });
    await expectRefused('GET', '/auth/me', { headers });
    await expectRefused('GET', '/oauth/userinfo', { headers });
    await expectRefused('GET', `/oauth/register/${clientId}`, { headers });
    const form = { headers: { ...FORM, ...headers }, body: 'grant_type=refresh_token&token=x' };
    for (const path of ['/oauth/token', '/oauth/introspect', '/oauth/revoke', '/oauth/device_authorization'])
      await expectRefused('POST', path, form);
  });

  test.each(['toolgate-login', 'toolgate-browser', '__proto__', ';;;=', '=', 'a'.repeat(4000)])(
    'attack 24: odd cookies named %j sign nobody in',
    async (name) => {
      for (const value of ['', 'x', '%', '%00', '"', 'a'.repeat(43), '__proto__', 'j:{"a":1}', 'é'.normalize()]) {
        const headers = { Cookie: `${name}=${value}` };
        const visit = await fetch(`${service.url}/account`, { headers, redirect: 'manual' });
        expect([visit.status, visit.headers.get('location')]).toEqual([303, '/login']);
        await expectRefused('POST', '/consent', { headers: { ...headers, ...FORM }, body: 'csrf=x&request=x' });
      }
    },
  ); // prettier-ignore

  test.each([
    'grant_type[]=refresh_token', 'grant_type=a&grant_type=b', 'grant_type[a][b]=c', '__proto__=x', '__proto__[x]=y',
    'constructor=x', 'hasOwnProperty=x&grant_type=refresh_token', '%', '%ff=%ff', 'grant_type=%00', '&&&===', '\u0000', '',
    'grant_type=toString&client_id=__proto__', 'grant_type=__proto__', 'client_id=constructor&grant_type=refresh_token',
  ])('attack 24: the form %j', async (body) => {
    for (const path of ['/oauth/token', '/oauth/introspect', '/oauth/revoke', '/oauth/device_authorization']) {
      const answer = await expectRefused('POST', path, { headers: FORM, body });
      expect(answer.body.error).toMatch(/^(invalid_request|invalid_client|unsupported_grant_type)$/);
    }
    await expectRefused('POST', '/oauth/authorize', { headers: FORM, body });
    await expectRefused('GET', `/oauth/authorize?${body.replaceAll('\u0000', '%00')}`, {});
    expect(({} as Record<string, unknown>)['x']).toBeUndefined();
  }); // prettier-ignore

  test.each([
    '{', '[]', 'null', '1', '"x"', '{"__proto__":{"redirect_uris":["https://x.example/"]}}', '[[[[]]]]', '{"redirect_uris":{}}',
    '{"constructor":{"prototype":{"x":1}}}', '{"redirect_uris":[null]}', '{"redirect_uris":[["https://x.example"]]}', '\u0000',
    `{"redirect_uris":${'['.repeat(20_000)}${']'.repeat(20_000)}}`, '{"redirect_uris":"https://x.example/"}',
  ])('attack 24: the registration %.60j', async (body) => {
    const answer = await expectRefused('POST', '/oauth/register', { body });
    expect(typeof answer.body.error).toBe('string');
    expect(({} as Record<string, unknown>)['x']).toBeUndefined();
  }); // prettier-ignore

  test.each(['%00', '%ff', '%', 'a%00b', '__proto__', '..%2f..', 'x'.repeat(3000)])(
    'attack 24: the path of a registration %.20j',
    async (id) => {
      for (const method of ['GET', 'PUT', 'DELETE'])
        await expectRefused(method, `/oauth/register/${id}`, {
          bearer: 'x',
          ...(method === 'PUT' ? { body: {} } : {}),
        });
    },
  );

  test.each([
    ['software_id', '\ud800'],
    ['contacts', ['\u0000']],
    ['client_uri', 'https://x.example/\u0000'],
    ['jwks', { keys: [{ kty: 'EC', x: '\u0000' }] }],
    ['jwks', { keys: [{ kty: 'EC', '\udfff': 1 }] }],
  ])('attack 24: a registration whose %s cannot be stored', async (member, value) => {
    const body = { redirect_uris: ['https://x.example/'], [member]: value };
    const answer = await expectRefused('POST', '/oauth/register', { body });
    expect(answer.body.error).toBe('invalid_client_metadata');
  });

  test.each([
    ['nonce', 'a\u0000b'],
    ['state', '\u6f22'.repeat(4000)],
  ])('attack 24: an authorization whose %s cannot be kept goes back as an error', async (name, value) => {
    const { browser } = await oauth.connect(await service.person(), { clientId });
    const url = new URL(oauth.authorizeUrl(clientId, pkce().challenge, { [name]: value }));
    const visit = await browser.request('POST', url.pathname, Object.fromEntries(url.searchParams));
    expect(visit.location).toContain('error=invalid_request');
    expect(visit.location?.length).toBeLessThan(4096);
  });

  test('attack 24: a client_id that URL.canParse of a warm Node 20 misreads is refused, not an error of ours', async () => {
    const misread = 'https://\u00c3\u0084.example/c';
    for (let n = 0; n < 100_000; n += 1) URL.canParse(misread);
    const answer = await expectRefused(
      'GET',
      `/oauth/authorize?client_id=${encodeURIComponent(misread)}`,
      {},
    );
    expect(answer.status).toBe(400);
  });

  test('attack 24: half a character in a state comes back as the character for what cannot be read', async () => {
    const url = new URL(oauth.authorizeUrl(clientId, pkce().challenge, { response_type: 'token' }));
    const parameters = { ...Object.fromEntries(url.searchParams), state: 'x\ud800' };
    const answer = await fetch(service.url + url.pathname, {
      method: 'POST',
      redirect: 'manual',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(parameters),
    });
    expect(answer.headers.get('location')).toContain('state=x%EF%BF%BD&');
  });

  test('attack 24: a scope of 1 MB', async () => {
    const { browser, answer } = await oauth.connect(await service.person(), { clientId });
    for (const scope of ['x'.repeat(1_000_000), 'a '.repeat(500_000), 'notes:read '.repeat(90_000)]) {
      const fields = {
        grant_type: 'refresh_token',
        refresh_token: answer.body.refresh_token,
        client_id: clientId,
      };
      const refused = await expectRefused('POST', '/oauth/token', {
        headers: FORM,
        body: new URLSearchParams({ ...fields, scope }).toString(),
      });
      expect(typeof refused.body.error).toBe('string');
      const url = new URL(oauth.authorizeUrl(clientId, pkce().challenge, { scope }));
      const begun = Date.now();
      const visit = await browser.request('POST', url.pathname, Object.fromEntries(url.searchParams));
      expect(visit.location ?? String(visit.status)).toMatch(/^413$|error=invalid_scope/);
      expect(Date.now() - begun).toBeLessThan(SECONDS * 1000);
      await expectRefused('POST', '/oauth/register', {
        body: { redirect_uris: ['https://x.example/'], scope },
      });
      const query = await fetch(url, { redirect: 'manual' }).then(
        ({ status }) => status,
        () => 'cut off',
      );
      expect(['cut off', 400, 414, 431]).toContain(query);
    }
  });

  test('attack 24: many parameters, deep names and long names', async () => {
    const many = Array.from({ length: 20_000 }, (_, n) => `p${n}=1`).join('&');
    const bodies = [many, `${'a'.repeat(100_000)}=1`, `a${'[a]'.repeat(20_000)}=1`, 'client_id=x&'.repeat(20_000)];
    for (const body of bodies) {
      await expectRefused('POST', '/oauth/token', { headers: FORM, body });
      await expectRefused('POST', '/oauth/authorize', { headers: FORM, body });
    }
  }); // prettier-ignore

  test.each(['text/plain', 'application/xml', 'multipart/form-data; boundary=x', 'application/json', '', 'x', 'application/x-www-form-urlencoded; charset=\u00ff'])(
    'attack 24: the content type %j',
    async (type) => {
      for (const path of ['/oauth/token', '/oauth/register', '/oauth/authorize'])
        await expectRefused('POST', path, { headers: { 'Content-Type': type }, body: '--x\r\n\r\n{' });
    },
  ); // prettier-ignore
});
