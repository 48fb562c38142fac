import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { PASSWORD, setScopes, startTestService, type TestService } from '../support/harness.js';
import { OauthDriver } from '../support/oauth.js';
import { callTool } from './gate-fixtures.js';

let service: TestService;
let plain: TestService;
beforeAll(async () => {
  service = await startTestService({ env: { SCOPE_HIERARCHY: 'notes:admin > notes:write > notes:read' } });
  plain = await startTestService();
});
afterAll(async () => {
  await Promise.all([service.stop(), plain.stop()]);
});

async function holderOf(one: TestService, ...scopes: string[]) {
  const person = await one.person();
  await setScopes(one, person.email, scopes);
  const login = await one.call('POST', '/auth/login', { body: { email: person.email, password: PASSWORD } });
  return { ...person, accessToken: String(login.body.access_token) };
}

test('a broad scope calls what needs a narrow one; in another application of the same process it does not', async () => {
  const { accessToken } = await holderOf(service, 'notes:admin');
  expect((await callTool(service, accessToken, 'notes_list')).status).toBe(200);
  expect((await callTool(service, accessToken, 'notes_write', { title: 'x', body: '' })).status).toBe(200);
  const other = await holderOf(plain, 'notes:admin');
  expect((await callTool(plain, other.accessToken, 'notes_list')).status).toBe(403);
});

test('a narrow one does not call what needs a broad one', async () => {
  const { accessToken } = await holderOf(service, 'notes:read');
  expect((await callTool(service, accessToken, 'notes_write', { title: 'x', body: '' })).status).toBe(403);
});

test('a key gets what its maker covers, and nothing above', async () => {
  const { accessToken } = await holderOf(service, 'notes:write', 'keys:write');
  const make = (scope: string) =>
    service.call('POST', '/keys', { bearer: accessToken, body: { name: 'k', scopes: [scope] } });
  const made = await make('notes:read');
  expect(made.status).toBe(201);
  expect((await callTool(service, made.body.key, 'notes_list')).status).toBe(200);
  expect((await make('notes:admin')).status).toBe(403);
});

test('a login and a consent give the narrow part of a broad scope', async () => {
  const person = await holderOf(service, 'notes:admin');
  const login = await service.call('POST', '/auth/login', {
    body: { email: person.email, password: PASSWORD, scope: 'notes:read' },
  });
  expect(login.body.scope).toBe('notes:read');
  const { answer } = await new OauthDriver(service).connect(person, { scope: 'notes:write' });
  expect(answer.body.scope).toBe('notes:write');
  expect((await callTool(service, answer.body.access_token, 'notes_list')).status).toBe(200);
});

test('a client may ask for the broad scope itself, and gets of it what its person holds', async () => {
  const all = await holderOf(service, 'notes:admin');
  const oauth = new OauthDriver(service);
  expect((await oauth.connect(all, { scope: 'notes:admin' })).answer.body.scope).toBe('notes:admin');
  const some = await holderOf(service, 'notes:write');
  expect((await oauth.connect(some, { scope: 'notes:admin' })).answer.body.scope).toBe('notes:write');
});
