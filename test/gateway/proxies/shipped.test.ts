import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { load } from 'js-yaml';
import { checkIdentity, checkProxyCase, FORGED, PROXY_TABLE, SCOPES } from '../../support/behind-proxy.js';
import {
  enterResource,
  type GuardCredentials,
  makeGuardCredentials,
} from '../../support/guard-credentials.js';
import type { GuardedServer } from '../../support/guard-table.js';
import { startTestService, type TestService } from '../../support/harness.js';
import { json, Upstream } from '../proxy/support.js';
import { envoy, type EnvoyFile } from './envoy.js';
import { send, type StandIn, startStandIn } from './stand-in.js';
import { traefik, type TraefikFile } from './traefik.js';

/** As the shipped files have it. */
const RESOURCE = 'https://mcp.example.com/mcp';
const METADATA = '/.well-known/oauth-protected-resource/mcp';
const read = async (name: string) =>
  load(await readFile(join(import.meta.dirname, '../../../docs/proxies', name), 'utf8'));

let service: TestService;
let upstream: Upstream;
let made: GuardCredentials;
let hosts: Record<string, string>;
beforeAll(async () => {
  service = await startTestService({ env: { TRUST_PROXY: '127.0.0.1' } });
  upstream = await new Upstream().start();
  upstream.answering = (_seen, response) => {
    json(response, { jsonrpc: '2.0', id: 1, result: {} });
  };
  await enterResource(service, RESOURCE, SCOPES);
  made = await makeGuardCredentials(service, RESOURCE, SCOPES);
  hosts = { 'toolgate:4000': new URL(service.url).host, 'mcp-server:9000': new URL(upstream.url).host };
});
afterAll(async () => {
  await upstream.crash();
  await service.stop();
});

describe.each([
  ['traefik.yml', async () => traefik((await read('traefik.yml')) as TraefikFile, hosts), 500],
  ['envoy.yaml', async () => envoy((await read('envoy.yaml')) as EnvoyFile, hosts), 503],
])('%s, as its documentation says that it is carried out', (_file, decide, whenDown) => {
  let proxy: StandIn;
  let server: GuardedServer;
  beforeAll(async () => {
    proxy = await startStandIn(await decide());
    const tool = { name: 'any', arguments: {} };
    server = { url: `${proxy.url}/mcp`, resource: RESOURCE, scopes: SCOPES, readTool: tool, writeTool: tool };
  });
  afterAll(() => proxy.stop());
  const call = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
    send(new URL(proxy.url).host, { method, path, headers, body: '' });

  test.each(PROXY_TABLE)('$name', async (row) => {
    await checkProxyCase(row, server, made, upstream);
  });

  test.each([
    ['user', 'Authorization', 'Bearer ', 'good'],
    ['api_key', 'Authorization', 'Bearer ', 'key'],
    ['api_key', 'X-API-Key', '', 'key'],
  ] as const)('the server behind gets to know the caller: %s in %s', async (kind, name, scheme, which) => {
    const claims = { ...FORGED, Connection: 'X-Toolgate-Subject' };
    const answer = await call('/mcp?a=1', { ...claims, [name]: scheme + made[which] }, 'DELETE');
    expect([answer.status, upstream.last().method, upstream.last().path]).toEqual([
      200,
      'DELETE',
      '/mcp?a=1',
    ]);
    await checkIdentity(upstream.last(), { kind, credential: made[which], resource: RESOURCE, service });
  });

  test('an address that the client claims does not open what a network is needed for', async () => {
    const headers = { Authorization: `Bearer ${made.keyElsewhere}`, 'X-Forwarded-For': '192.0.2.9' };
    proxy.from = '203.0.113.7';
    const claimed = await call('/mcp', headers);
    proxy.from = '192.0.2.9';
    const there = await call('/mcp', headers);
    delete proxy.from;
    expect([claimed.status, there.status]).toEqual([403, 200]);
  });

  test('a client reads the metadata that the challenge names, whatever it says itself', async () => {
    const other = service.config.resource;
    const answer = await call(`${METADATA}?resource=${other}`, { 'X-Toolgate-Resource': other });
    expect([answer.status, answer.headers['access-control-allow-origin']]).toEqual([200, '*']);
    expect(JSON.parse(answer.body)).toMatchObject({
      resource: RESOURCE,
      authorization_servers: [service.config.issuer],
      scopes_supported: [SCOPES.read, SCOPES.write],
    });
    const { headers } = await call('/mcp');
    expect(headers['www-authenticate']).toContain(`resource_metadata="https://mcp.example.com${METADATA}"`);
  });

  test.each(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND', 'TRACE'])(
    '%s is closed without a credential and open with one',
    async (method) => {
      const before = upstream.seen.length;
      expect([(await call('/mcp', {}, method)).status, upstream.seen.length]).toEqual([401, before]);
      const admitted = await call('/mcp', { Authorization: `Bearer ${made.good}` }, method);
      expect([admitted.status, upstream.last().method]).toEqual([200, method]);
    },
  );

  test('a method that Toolgate never heard of is closed without a credential', async () => {
    const before = upstream.seen.length;
    expect([401, 404]).toContain((await call('/mcp', {}, 'PURGE')).status);
    expect(upstream.seen.length).toBe(before);
  });

  const elsewhere = ['/', '//', '/../../healthz', '/..%2f..%2fhealthz', '/%2e%2e/%2e%2e/readyz', '/%zz', '/%00', '/mcp#', '/;a', `/${'a'.repeat(4000)}`, '*']; // prettier-ignore
  const named = elsewhere.map((path): [string, string] => [path.slice(0, 25), path]);
  test.each(named)('no path of the client leads to another answer: %s', async (_name, path) => {
    const before = upstream.seen.length;
    const method = path === '*' ? 'OPTIONS' : 'GET';
    const refused = await call(path, {}, method);
    expect(refused.status >= 400 && refused.status < 500).toBe(true);
    const weak = await call(path, { Authorization: `Bearer ${made.reader}` }, method);
    expect(weak.status >= 400 && weak.status < 500).toBe(true);
    expect(upstream.seen.length).toBe(before);
  });

  test('when Toolgate does not answer, nobody gets in', async () => {
    const before = upstream.seen.length;
    const host = hosts['toolgate:4000'] ?? '';
    hosts['toolgate:4000'] = '127.0.0.1:1';
    const answer = await call('/mcp', { Authorization: `Bearer ${made.good}` });
    hosts['toolgate:4000'] = host;
    expect([answer.status, upstream.seen.length]).toEqual([whenDown, before]);
  });
});
