import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ToolRegistry } from '../../src/mcp/tool-registry.js';
import { type Person, startTestService, type TestService } from '../support/harness.js';
import { OauthDriver } from '../support/oauth.js';

let service: TestService;
let oauth: OauthDriver;
let person: Person;
beforeAll(async () => {
  service = await startTestService();
  oauth = new OauthDriver(service);
  person = await service.person();
});
afterAll(() => service.stop());

const Accept = 'application/json, text/event-stream';
const message = (method: string, params: object = {}) => ({ jsonrpc: '2.0', id: 1, method, params });
const write = message('tools/call', { name: 'notes_write', arguments: { title: 'x', body: '' } });
const mcp = (options: Parameters<TestService['call']>[2] = {}, path = '/mcp') =>
  service.call('POST', path, {
    body: message('tools/list'),
    ...options,
    headers: { Accept, ...options.headers },
  });
/** The attributes of a challenge; fails where it cannot be read as RFC 6750 section 3 has it. */
function attributesOf(challenge: string | null): [string, string][] {
  expect(challenge).toMatch(/^Bearer (?:[a-z_]+="[\x20\x21\x23-\x5b\x5d-\x7e]*"(?:, |$))+$/);
  return [...(challenge ?? '').matchAll(/([a-z_]+)="([^"]*)"/g)].map(([, name = '', value = '']) => [name, value]);
} // prettier-ignore

describe.each(['GET', 'HEAD', 'POST', 'DELETE'])('%s /mcp', (method) => {
  const body = method === 'POST' ? { body: message('tools/list') } : {};

  test('R2, R3, R4, R12: without a credential it is 401, with where and what to ask for and without an error', async () => {
    const answer = await service.call(method, '/mcp', body);
    expect(answer.status).toBe(401);
    expect(Object.fromEntries(attributesOf(answer.headers.get('www-authenticate')))).toEqual({
      resource_metadata: `${service.url}/.well-known/oauth-protected-resource/mcp`,
      scope: 'notes:read notes:write',
    });
    expect(answer.headers.get('cache-control')).toBe('no-store');
  });

  test('R5, R8, R13: with a bad token it is 401 invalid_token, each attribute once', async () => {
    for (const bearer of ['x', 'a.b.c', `${person.accessToken}x`]) {
      const answer = await service.call(method, '/mcp', { ...body, bearer });
      expect(answer.status).toBe(401);
      const attributes = attributesOf(answer.headers.get('www-authenticate'));
      expect(attributes.map(([name]) => name).sort()).toEqual([
        'error', 'error_description', 'resource_metadata', 'scope',
      ]); // prettier-ignore
      expect(Object.fromEntries(attributes)['error']).toBe('invalid_token');
    }
  });
});

test('R5: a bad token is refused before the body is looked at', async () => {
  for (const body of ['{', '[]', JSON.stringify(message('no/such/method'))])
    expect([400, 401]).toContain((await mcp({ bearer: 'x', body })).status);
  expect((await mcp({ bearer: 'x', body: message('no/such/method') })).status).toBe(401);
});

test('R7: no tool is handed the credential, nor tells it', async () => {
  const [, payload = 'x', signature = 'x'] = person.accessToken.split('.');
  const heard: string[] = [];
  for (const tool of service.app.get(ToolRegistry).all()) {
    const body = message('tools/call', { name: tool.name, arguments: { title: 'x', body: 'x', query: 'x', id: 'x' } });
    heard.push((await mcp({ bearer: person.accessToken, body })).text);
  }
  expect(heard.length).toBeGreaterThan(3);
  expect(heard.filter((text) => text.includes(payload) || text.includes(signature))).toEqual([]);
}); // prettier-ignore

test('R8: 400 for what is malformed, 401 for who, 403 for what may not be done', async () => {
  const narrow = await service.person('notes:read');
  const statuses = [
    await mcp({ bearer: person.accessToken, body: '{' }),
    await mcp(),
    await mcp({ bearer: narrow.accessToken, body: write }),
  ].map(({ status }) => status);
  expect(statuses).toEqual([400, 401, 403]);
});

test('R9, R13: the 403 names the error, every scope that the call needs and where the metadata is', async () => {
  const narrow = await service.person('notes:read');
  const answer = await mcp({ bearer: narrow.accessToken, body: write });
  expect(answer.status).toBe(403);
  const attributes = attributesOf(answer.headers.get('www-authenticate'));
  expect(new Set(attributes.map(([name]) => name)).size).toBe(attributes.length);
  expect(Object.fromEntries(attributes)).toMatchObject({
    error: 'insufficient_scope',
    scope: 'notes:write',
    resource_metadata: `${service.url}/.well-known/oauth-protected-resource/mcp`,
  });
});

test.each([
  ['notes:write', 200],
  ['mcp:write', 200],
  ['mcp:read', 403],
  ['notes:read', 403],
])('R10: a call that needs notes:write, with %s, is %d', async (scope, status) => {
  const { accessToken } = await service.person(scope);
  expect((await mcp({ bearer: accessToken, body: write })).status).toBe(status);
});

test('R11: a token counts in the header of this very request and nowhere else', async () => {
  expect((await mcp({ bearer: person.accessToken })).status).toBe(200);
  expect((await mcp()).status).toBe(401);
  expect((await mcp({}, `/mcp?access_token=${person.accessToken}`)).status).toBe(401);
  expect((await mcp({ body: { ...message('tools/list'), access_token: person.accessToken } })).status).toBe(401);
  expect((await mcp({ headers: { Cookie: `access_token=${person.accessToken}` } })).status).toBe(401);
}); // prettier-ignore

test('R14, S13: a resource with upper-case scheme and host is ours, and its token’s aud is the one spelling', async () => {
  const resource = service.config.resource.replace('http://', 'HTTP://');
  const { answer } = await oauth.connect(person, { resource });
  const claims = JSON.parse(Buffer.from(answer.body.access_token.split('.')[1], 'base64url').toString());
  expect(claims.aud).toBe(service.config.resource);
  expect((await mcp({ bearer: answer.body.access_token })).status).toBe(200);
});

test.each(['GET', 'POST', 'DELETE'])('R15: no page of another site may %s, and those of this computer may', async (method) => {
  const statusFrom = async (Origin: string) => {
    const body = method === 'POST' ? { body: message('tools/list') } : {};
    const headers = { Accept, Origin };
    return (await service.call(method, '/mcp', { ...body, bearer: person.accessToken, headers })).status;
  };
  const foreign = ['https://evil.example', 'http://localhost.evil.example', 'http://127.0.0.1.evil.example', 'null'];
  for (const origin of foreign) expect([origin, await statusFrom(origin)]).toEqual([origin, 403]);
  for (const origin of [service.url, 'http://localhost:6274'])
    expect([origin, await statusFrom(origin)]).not.toEqual([origin, 403]);
}); // prettier-ignore

test.each([
  {},
  { title: 'x' },
  { title: '', body: '' },
  { title: 'x'.repeat(201), body: '' },
  { title: 7, body: '' },
  { title: 'x', body: '\u0000' },
  { title: 'x', body: '', id: 'not one' },
  { title: { $ne: '' }, body: '' },
])('R19: a tool does not run with %j', async (given) => {
  const { accessToken: bearer } = await service.person();
  const call = async (name: string, args: object) =>
    (await mcp({ bearer, body: message('tools/call', { name, arguments: args }) })).body.result;
  expect(await call('notes_write', given)).toMatchObject({ isError: true });
  expect((await call('notes_list', {})).structuredContent).toEqual({ notes: [] });
});
