import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import { type GuardCredentials, makeGuardCredentials } from '../support/guard-credentials.js';
import { checkGuardCase, GUARD_TABLE, type GuardedServer, toolNames } from '../support/guard-table.js';
import { PASSWORD } from '../support/harness.js';
import { OauthDriver } from '../support/oauth.js';
import { queryOnce } from '../support/postgres.js';
import { ToolgateCredentials, ToolgateKeys, ToolgateUsers } from '../../src/entry/service.js';
import { type Hosted, startHosted, withGlobals } from './host-app.js';

let hosted: Hosted;
beforeAll(async () => {
  hosted = await startHosted({ configure: withGlobals });
});
afterAll(() => hosted.stop());

const call: Hosted['call'] = (...parameters) => hosted.call(...parameters);
const fromHost = ['access-control-allow-origin', 'x-host-interceptor', 'x-host-middleware'];
const headersOfHost = (headers: Headers) => fromHost.map((name) => headers.get(name));

describe('the routes of the application', () => {
  test('are as they were: its prefix, its data, its headers, and none of the service', async () => {
    const written = await call('POST', '/api/pages', { body: { title: 'One' } });
    expect(written.status).toBe(201);
    const listed = await call('GET', '/api/pages');
    expect([listed.status, listed.body]).toEqual([200, [{ id: 1, title: 'One' }]]);
    expect(headersOfHost(listed.headers)).toEqual(['https://host.example', 'yes', 'yes']);
    expect(listed.headers.get('x-frame-options')).toBeNull();
    expect(listed.headers.get('x-request-id')).toBeNull();
  });

  test.each([
    ['GET', '/nowhere', 404],
    ['GET', '/api/nowhere', 404],
    ['GET', '/api/auth/me', 404],
    ['GET', '/api/pages/broken', 500],
    ['POST', '/api/pages', 400],
  ])('%s %s fails in its own words: %i', async (method, path, status) => {
    const answer = await call(method, path, method === 'POST' ? { body: '{' } : {});
    expect([answer.status, answer.body]).toEqual([status, { host_says: status }]);
  });

  test('its own guard is asked', async () => {
    const answer = await call('GET', '/api/pages', { headers: { 'X-Host': 'closed' } });
    expect(answer.status).toBe(403);
  });

  test('its preflights are its own', async () => {
    const answer = await call('OPTIONS', '/api/pages', {
      headers: { Origin: 'https://host.example', 'Access-Control-Request-Method': 'GET' },
    });
    expect(answer.headers.get('access-control-allow-origin')).toBe('https://host.example');
  });

  test('its own description names its own routes alone', () => {
    const document = SwaggerModule.createDocument(hosted.host, new DocumentBuilder().build());
    expect(Object.keys(document.paths).sort()).toEqual([
      '/api/pages',
      '/api/pages/broken',
      '/api/pages/mine',
    ]);
  });

  test('its data source makes its own tables alone, and the migrations ours', async () => {
    const tables = await queryOnce<{ at: string }>(
      hosted.databaseUrl,
      `SELECT schemaname || '.' || tablename AS at FROM pg_tables WHERE schemaname IN ('host', 'public')`,
    );
    const names = tables.map(({ at }) => at);
    expect(names.filter((name) => name.startsWith('host.'))).toEqual(['host.page']);
    expect(names).toContain('public.users');
    expect(names).not.toContain('public.page');
  });
});

describe('the routes of the service', () => {
  test('know nothing of the globals of the application', async () => {
    const headers = { 'X-Host': 'closed' };
    const metadata = await call('GET', '/.well-known/oauth-authorization-server', { headers });
    expect([metadata.status, metadata.body.issuer]).toEqual([200, hosted.url]);
    expect(headersOfHost(metadata.headers)).toEqual(['*', null, null]);
    expect(metadata.headers.get('x-frame-options')).toBe('DENY');
    const refused = await call('POST', '/auth/register', { headers, body: { email: 'x', surplus: 1 } });
    expect([refused.status, refused.body.code]).toEqual([422, 'invalid_input']);
    expect(refused.headers.get('content-type')).toContain('application/problem+json');
    expect(headersOfHost(refused.headers)).toEqual([null, null, null]);
  });

  test('answer preflights themselves', async () => {
    const answer = await call('OPTIONS', '/oauth/token', {
      headers: { Origin: 'https://client.example', 'Access-Control-Request-Method': 'POST' },
    });
    expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([204, '*']);
  });

  test('take forms, limit bodies and find nothing where the service finds nothing', async () => {
    const form = { 'Content-Type': 'application/x-www-form-urlencoded' };
    const token = await call('POST', '/oauth/token', { headers: form, body: 'grant_type=nothing' });
    expect([token.status, token.body.error]).toEqual([400, 'unsupported_grant_type']);
    const large = await call('POST', '/auth/login', { body: { email: 'x'.repeat(1_100_000) } });
    expect([large.status, large.body.code]).toEqual([413, 'payload_too_large']);
    const wrong = await call('GET', '/auth/login');
    expect([wrong.status, wrong.body.code]).toEqual([404, 'not_found']);
  });

  test('describe themselves, and nothing of the application', async () => {
    const { body } = await call('GET', '/openapi.json');
    expect(Object.keys(body.paths)).toContain('/auth/register');
    expect(Object.keys(body.paths).filter((path) => path.includes('pages'))).toEqual([]);
  });

  test('register, log in, refresh and log out', async () => {
    const person = await hosted.person();
    const { status, body } = await call('POST', '/auth/refresh', {
      body: { refresh_token: person.refreshToken },
    });
    expect(status).toBe(200);
    expect((await call('GET', '/auth/me', { bearer: body.access_token })).body.user.email).toBe(person.email);
    const left = await call('POST', '/auth/logout', { body: { refresh_token: body.refresh_token } });
    expect(left.status).toBe(204);
    expect((await call('GET', '/auth/me', { bearer: body.access_token })).status).toBe(401);
  });

  test('lead an OAuth client from nothing to a tool of the application', async () => {
    const { answer } = await new OauthDriver(hosted).connect(await hosted.person(), {
      scope: 'pages:read',
      resource: hosted.config.resource,
    });
    expect([answer.status, answer.body.scope]).toEqual([200, 'pages:read']);
    const message = {
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/call',
      params: { name: 'pages_list', arguments: {} },
    };
    const counted = await call('POST', '/mcp', {
      bearer: answer.body.access_token,
      body: message,
      headers: { Accept: 'application/json, text/event-stream', 'MCP-Protocol-Version': '2025-06-18' },
    });
    expect([counted.status, counted.text]).toEqual([
      200,
      expect.stringContaining('"titles":["One"],"caller":"user"'),
    ]);
  });
});

describe('what the application guards with it', () => {
  test('is refused and admitted as the service does, in the words of the application', async () => {
    const [reader, other] = [await hosted.person('pages:read'), await hosted.person('keys:write')];
    const without = await call('GET', '/api/pages/mine');
    expect([without.status, without.body]).toEqual([401, { host_says: 401 }]);
    expect(without.headers.get('www-authenticate')).toMatch(
      /^Bearer resource_metadata="[^"]+", scope="[^"]+"$/,
    );
    const narrow = await call('GET', '/api/pages/mine', { bearer: other.accessToken });
    expect([narrow.status, narrow.headers.get('www-authenticate')]).toEqual([
      403,
      expect.stringContaining('scope="pages:read", error="insufficient_scope"'),
    ]);
    const admitted = await call('GET', '/api/pages/mine', { bearer: reader.accessToken });
    expect([admitted.status, admitted.body]).toEqual([200, { kind: 'user' }]);
  });

  test('and what it asks of it: users, keys, credentials', async () => {
    const [users, keys, credentials] = [
      hosted.host.get(ToolgateUsers),
      hosted.host.get(ToolgateKeys),
      hosted.host.get(ToolgateCredentials),
    ];
    const user = await users.create({ email: 'made@example.com', password: PASSWORD });
    await expect(users.create({ email: 'MADE@example.com', password: PASSWORD })).rejects.toMatchObject({
      code: 'email_taken',
    });
    const issued = await keys.issue(user.id, { name: 'job', scopes: ['pages:read'] });
    expect(await credentials.verify(issued.key, { scopes: ['pages:read'] })).toMatchObject({
      kind: 'api_key',
      userId: user.id,
    });
    await expect(credentials.verify(issued.key, { scopes: ['pages:write'] })).rejects.toMatchObject({
      code: 'insufficient_scope',
    });
    await expect(keys.issue(user.id, { name: 'job', scopes: ['admin'] })).rejects.toMatchObject({
      code: 'insufficient_scope',
    });
    await keys.revoke(user.id, issued.id);
    expect((await keys.list(user.id)).length).toBe(0);
    await users.disable(user.email);
    expect(
      (await call('POST', '/auth/login', { body: { email: user.email, password: PASSWORD } })).status,
    ).toBe(401);
    await expect(keys.issue(user.id, { name: 'job' })).rejects.toMatchObject({ code: 'not_found' });
  });
});

describe('the table of every guard', () => {
  const scopes = { read: 'pages:read', write: 'pages:write' };
  let server: GuardedServer;
  let made: GuardCredentials;
  beforeAll(async () => {
    const { resource } = hosted.config;
    server = {
      url: resource,
      resource,
      scopes,
      readTool: { name: 'pages_list', arguments: {} },
      writeTool: { name: 'pages_write', arguments: { title: 'From the table' } },
    };
    made = await makeGuardCredentials(hosted, resource, scopes);
  });

  test('the start page is left to the application', async () => {
    expect((await fetch(`${hosted.url}/`, { redirect: 'manual' })).status).toBe(404);
  });

  test('the application has its own tools, and no others than that', async () => {
    expect(await toolNames(server, made.reader)).toEqual(['whoami', 'pages_list']);
    expect(await toolNames(server, made.good)).toEqual(['whoami', 'pages_list', 'pages_write']);
  });

  test.each(GUARD_TABLE)('$name: $status', async (row) => {
    await checkGuardCase(row, server, made);
  });
});
