import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { migrate } from '../../src/database/migrate.js';
import { ResourcesRepository } from '../../src/resources/resources.repository.js';
import { json, Upstream } from '../gateway/proxy/support.js';
import { checkIdentity, checkProxyCase, FORGED, PROXY_TABLE, SCOPES } from '../support/behind-proxy.js';
import { type DebianPostgres, startDebianPostgres } from '../support/debian-postgres.js';
import { enterResource, type GuardCredentials, makeGuardCredentials } from '../support/guard-credentials.js';
import type { GuardedServer } from '../support/guard-table.js';
import { startTestService, type TestService } from '../support/harness.js';
import { leaks } from '../support/leaks.mjs';
import { type Nginx, startNginx } from '../support/nginx.js';

const tool = { name: 'any', arguments: {} };

let postgres: DebianPostgres;
let service: TestService;
let upstream: Upstream;
let nginx: Nginx;
let server: GuardedServer;
let made: GuardCredentials;
beforeAll(async () => {
  postgres = await startDebianPostgres();
  const databaseUrl = await postgres.createDatabase();
  await migrate(databaseUrl);
  service = await startTestService({ databaseUrl, env: { TRUST_PROXY: '127.0.0.1' } });
  upstream = await new Upstream().start();
  upstream.answering = (_seen, response) => {
    json(response, { jsonrpc: '2.0', id: 1, result: {} });
  };
  nginx = await startNginx(service.url, upstream.url);
  const resource = `${nginx.url}/mcp`;
  await enterResource(service, resource, SCOPES);
  made = await makeGuardCredentials(service, resource, SCOPES);
  server = { url: resource, resource, scopes: SCOPES, readTool: tool, writeTool: tool };
}, 120_000);
afterAll(async () => {
  await nginx.stop();
  await upstream.crash();
  await postgres.stop();
});

const bearer = (credential: string) => ({ Authorization: `Bearer ${credential}` });
/** Byte for byte: fetch would tidy the path up. */
async function raw(path: string, headers: Record<string, string>, method = 'GET') {
  const { hostname, port } = new URL(nginx.url);
  const request = httpRequest({ hostname, port, path, method, headers: { Connection: 'close', ...headers } });
  request.end();
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  response.resume();
  await once(response, 'end');
  return { status: response.statusCode, headers: response.headers };
}

describe('a server without authorization, behind nginx with the shipped snippet', () => {
  test.each(PROXY_TABLE)('$name', async (row) => {
    await checkProxyCase(row, server, made, upstream);
  });

  test('a client finds its way in: from the 401 through nginx to the metadata and to a token that is let in', async () => {
    const refused = await fetch(server.url, { method: 'POST' });
    const challenge = refused.headers.get('www-authenticate') ?? '';
    const metadataUrl = /resource_metadata="([^"]+)"/.exec(challenge)?.[1] ?? '';
    expect([refused.status, new URL(metadataUrl).origin]).toEqual([401, nginx.url]);
    const metadata = await fetch(metadataUrl, {
      headers: { 'X-Toolgate-Resource': service.config.resource },
    });
    expect(metadata.headers.get('access-control-allow-origin')).toBe('*');
    expect(await metadata.json()).toEqual({
      resource: server.resource,
      authorization_servers: [service.config.issuer],
      scopes_supported: [SCOPES.read, SCOPES.write],
      bearer_methods_supported: ['header'],
      resource_name: server.resource,
    });
    expect((await fetch(server.url, { method: 'POST', headers: bearer(made.good) })).status).toBe(200);
  });
});

describe('what the server behind gets', () => {
  test('is who calls, and neither the credential nor what the client claims about itself', async () => {
    const likewise = {
      X_Toolgate_Subject: 'forged',
      'X-Toolgate_Subject': 'forged',
      'X-Forwarded-For': '192.0.2.1',
    };
    for (const [kind, name, value, credential] of [
      ['user', 'Authorization', `Bearer ${made.good}`, made.good],
      ['api_key', 'Authorization', `Bearer ${made.key}`, made.key],
      ['api_key', 'X-API-Key', made.key, made.key],
    ] as const) {
      await raw('/mcp', { ...FORGED, ...likewise, [name]: value, 'Mcp-Session-Id': 's' }, 'DELETE');
      const { method, path, headers } = upstream.last();
      expect([method, path, headers['mcp-session-id']]).toEqual(['DELETE', '/mcp', 's']);
      expect(headers['x-forwarded-for']).toBe('127.0.0.1');
      await checkIdentity(upstream.last(), { kind, credential, resource: server.resource, service });
    }
  });

  test.each(['chunked', 'of known length'])('is the whole body, %s', async (how) => {
    const text = 'x'.repeat(300_000);
    const body = how === 'chunked' ? new Blob([text]).stream() : text;
    const answer = await fetch(server.url, {
      method: 'POST',
      headers: bearer(made.key),
      body,
      duplex: 'half',
    } as RequestInit);
    expect([answer.status, upstream.last().text]).toEqual([200, text]);
  });

  test('is a stream that reaches the client event by event', async () => {
    const answering = upstream.answering;
    let finish: () => void = () => undefined;
    upstream.answering = (_seen, response) => {
      response.writeHead(200, { 'Content-Type': 'text/event-stream' });
      response.write('data: first\n\n');
      finish = () => response.end('data: last\n\n');
    };
    const answer = await fetch(server.url, {
      headers: { ...bearer(made.good), Accept: 'text/event-stream' },
    });
    const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
    const first = await reader?.read();
    upstream.answering = answering;
    // It is still open behind: what came was not held back.
    expect(first?.value).toBe('data: first\n\n');
    finish();
    expect((await reader?.read())?.value).toBe('data: last\n\n');
  });
});

describe('a path that less is enough for', () => {
  test.each(['/pages', '/pages?of=me', '/%70ages', '//pages', '/mcp/../pages', '/mcp/..%2fpages'])(
    'is that path behind, however it is spelled: %s',
    async (path) => {
      expect((await raw(path, bearer(made.reader))).status).toBe(200);
      expect(upstream.last().path.split('?')[0]).toBe('/pages');
    },
  );

  test.each([
    '/',
    '/pages/',
    '/PAGES',
    '/pages/../mcp',
    '/pages;/x',
    '/pages%00',
    '/mcp?/pages',
    '/pages%2f..%2fmcp',
  ])('is no other: %s', async (path) => {
    const before = upstream.seen.length;
    const { status = 0 } = await raw(path, bearer(made.reader));
    expect([400, 403]).toContain(status);
    expect(upstream.seen.length).toBe(before);
  });
});

test.each(['/_toolgate', '/_toolgate?resource=x', '/%5ftoolgate'])(
  '%s is closed to clients',
  async (path) => {
    expect((await raw(path, bearer(made.good))).status).toBe(404);
  },
);

test('more headers than Toolgate would read do not get in its way', async () => {
  const many = Object.fromEntries(['One', 'Two', 'Three'].map((name) => [`X-${name}`, 'x'.repeat(7000)]));
  expect((await raw('/mcp', many)).status).toBe(401);
});

test('no credential stands in the logs of nginx', async () => {
  // But for what a client itself puts into an address.
  const lines = (await nginx.log()).split('\n').filter((line) => !line.includes('access_token='));
  expect(lines.length).toBeGreaterThan(PROXY_TABLE.length);
  expect(leaks(new Set(Object.values(made).filter((one) => one !== 'garbage')), lines.join('\n'))).toEqual(
    [],
  );
});

// The last ones: nothing answers after them.
test('when the resource is not known any more, nobody gets in', async () => {
  const before = upstream.seen.length;
  await service.app.get(ResourcesRepository).remove(server.resource, new Date());
  expect((await fetch(server.url, { headers: bearer(made.good) })).status).toBe(500);
  expect(upstream.seen.length).toBe(before);
});

test('when Toolgate does not answer, nobody gets in', async () => {
  const before = upstream.seen.length;
  await service.stop();
  for (const credential of [bearer(made.good), { 'X-API-Key': made.key }, {}])
    expect((await fetch(server.url, { method: 'POST', headers: credential })).status).toBe(500);
  expect(upstream.seen.length).toBe(before);
});
