import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ApiDocument } from '../../src/ops/docs.controller.js';
import { operations } from '../../src/ops/openapi.js';
import {
  type Answer,
  PASSWORD,
  type Person,
  startTestService,
  type TestService,
  setScopes,
} from '../support/harness.js';
import { OauthDriver, pkce } from '../support/oauth.js';

let service: TestService;
let oauth: OauthDriver;
let person: Person;
beforeAll(async () => {
  service = await startTestService();
  oauth = new OauthDriver(service);
  person = await service.person();
});
afterAll(() => service.stop());

const mine = (method: string, path: string, body?: unknown) =>
  service.call(method, path, { bearer: person.accessToken, ...(body === undefined ? {} : { body }) });
const form = (path: string, fields: Record<string, string>) =>
  service.call('POST', path, {
    body: new URLSearchParams(fields).toString(),
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
  });
const key = async () => (await mine('POST', '/keys', { name: 'k' })).body.id as string;
const registered = async () => {
  const client = await oauth.register();
  const bearer = client.registration_access_token;
  return { path: `/oauth/register/${client.client_id}`, bearer };
};
async function admin() {
  const { email } = await service.person();
  await setScopes(service, email, ['mcp:admin', 'sessions:write', 'admin']);
  const login = await service.call('POST', '/auth/login', { body: { email, password: PASSWORD } });
  return (method: string, path: string, body?: unknown) =>
    service.call(method, path, { bearer: login.body.access_token, ...(body === undefined ? {} : { body }) });
}
const RESOURCE = {
  identifier: 'https://notes.example.com/mcp',
  name: 'Notes',
  scopes: [{ name: 'pages:read', description: 'Read pages' }],
  default_scopes: ['pages:read'],
};
async function confidential() {
  const answer = await (
    await admin()
  )('POST', '/admin/clients', {
    grant_types: ['client_credentials'],
    own_scopes: ['notes:read'],
    token_endpoint_auth_method: 'client_secret_post',
  });
  return { client_id: String(answer.body.client_id), client_secret: String(answer.body.client_secret) };
}

/** One call that works, for each operation that is documented. */
const CALLS: Record<string, () => Promise<Answer>> = {
  'POST /auth/register': () =>
    service.call('POST', '/auth/register', { body: { email: 'new@example.com', password: PASSWORD } }),
  'POST /auth/login': () =>
    service.call('POST', '/auth/login', { body: { email: person.email, password: PASSWORD } }),
  'POST /auth/refresh': async () =>
    service.call('POST', '/auth/refresh', { body: { refresh_token: (await service.person()).refreshToken } }),
  'POST /auth/logout': async () =>
    service.call('POST', '/auth/logout', { bearer: (await service.person()).accessToken }),
  'GET /auth/me': () => mine('GET', '/auth/me'),
  'GET /auth/sessions': () => mine('GET', '/auth/sessions'),
  'DELETE /auth/sessions/{id}': async () => {
    const other = await service.call('POST', '/auth/login', {
      body: { email: person.email, password: PASSWORD },
    });
    const sessions = await service.call('GET', '/auth/sessions', { bearer: other.body.access_token });
    const current = sessions.body.sessions.find((session: { current: boolean }) => session.current);
    return mine('DELETE', `/auth/sessions/${current.id}`);
  },
  'GET /auth/grants': () => mine('GET', '/auth/grants'),
  'DELETE /auth/grants/{id}': async () => {
    await oauth.connect(person);
    const { body } = await mine('GET', '/auth/grants');
    return mine('DELETE', `/auth/grants/${body.grants[0].id}`);
  },
  'POST /keys': () => mine('POST', '/keys', { name: 'k' }),
  'GET /keys': () => mine('GET', '/keys'),
  'DELETE /keys/{id}': async () => mine('DELETE', `/keys/${await key()}`),
  'POST /keys/{id}/rotate': async () => mine('POST', `/keys/${await key()}/rotate`, {}),
  'POST /mcp': () =>
    service.call('POST', '/mcp', {
      bearer: person.accessToken,
      headers: { Accept: 'application/json, text/event-stream' },
      body: { jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} },
    }),
  'POST /oauth/register': () =>
    service.call('POST', '/oauth/register', { body: { redirect_uris: ['http://127.0.0.1/callback'] } }),
  'GET /oauth/register/{clientId}': async () => {
    const { path, bearer } = await registered();
    return service.call('GET', path, { bearer });
  },
  'PUT /oauth/register/{clientId}': async () => {
    const { path, bearer } = await registered();
    return service.call('PUT', path, { bearer, body: { redirect_uris: ['http://127.0.0.1/other'] } });
  },
  'DELETE /oauth/register/{clientId}': async () => {
    const { path, bearer } = await registered();
    return service.call('DELETE', path, { bearer });
  },
  'GET /oauth/authorize': async () => {
    const url = oauth.authorizeUrl((await oauth.register()).client_id, pkce().challenge);
    const response = await fetch(url, { redirect: 'manual' });
    return { status: response.status, headers: response.headers, body: undefined, text: '' };
  },
  'POST /oauth/token': async () => (await oauth.connect(person)).answer,
  'POST /oauth/device_authorization': async () => {
    const grant_types = ['urn:ietf:params:oauth:grant-type:device_code'];
    const { client_id } = await oauth.register({ grant_types });
    return form('/oauth/device_authorization', { client_id });
  },
  'POST /oauth/introspect': async () => {
    const client = await confidential();
    const { body } = await form('/oauth/token', { grant_type: 'client_credentials', ...client });
    const answer = await form('/oauth/introspect', { token: body.access_token, ...client });
    expect(answer.body).toMatchObject({ active: true, scope: 'notes:read', sub: client.client_id });
    return answer;
  },
  'POST /oauth/revoke': async () => {
    const { clientId, answer } = await oauth.connect(person);
    return form('/oauth/revoke', { token: answer.body.refresh_token, client_id: clientId });
  },
  'GET /oauth/userinfo': async () => {
    const { answer } = await oauth.connect(person, { scope: 'openid' });
    return service.call('GET', '/oauth/userinfo', { bearer: answer.body.access_token });
  },
  'GET /admin/resources': async () => (await admin())('GET', '/admin/resources'),
  'PUT /admin/resources': async () => (await admin())('PUT', '/admin/resources', RESOURCE),
  'DELETE /admin/resources': async () => {
    const call = await admin();
    await call('PUT', '/admin/resources', RESOURCE);
    return call('DELETE', `/admin/resources?identifier=${encodeURIComponent(RESOURCE.identifier)}`);
  },
  'GET /admin/clients': async () => (await admin())('GET', '/admin/clients'),
  'POST /admin/clients': async () =>
    (await admin())('POST', '/admin/clients', { redirect_uris: ['https://app.example/cb'] }),
  'DELETE /admin/clients/{clientId}': async () => {
    const call = await admin();
    const made = await call('POST', '/admin/clients', { redirect_uris: ['https://app.example/cb'] });
    return call('DELETE', `/admin/clients/${made.body.client_id}`);
  },
  'GET /admin/audit': async () => (await admin())('GET', '/admin/audit?outcome=denied'),
  'GET /forward-auth': () =>
    mine('GET', `/forward-auth?resource=${encodeURIComponent(service.config.resource)}&scope=notes:read`),
  'GET /resource-metadata': () =>
    service.call('GET', `/resource-metadata?resource=${encodeURIComponent(service.config.resource)}`),
  'GET /errors/{code}': () => service.call('GET', '/errors/expired_token'),
};

test('every documented operation works as documented', async () => {
  const { document } = await service.app.get(ApiDocument).get();
  for (const { method, path, operation } of operations(document)) {
    const name = `${method} ${path}`;
    const call = CALLS[name] ?? (path.includes('{') ? undefined : () => service.call(method, path));
    if (!call || (method !== 'GET' && !CALLS[name]))
      throw new Error(`${name} is documented and not called here`);
    const { status } = await call();
    expect([name, status < 400, Object.keys(operation.responses).includes(String(status))]).toEqual([
      name,
      true,
      true,
    ]);
  }
  const documented = operations(document).map(({ method, path }) => `${method} ${path}`);
  expect(Object.keys(CALLS).filter((name) => !documented.includes(name))).toEqual([]);
});
