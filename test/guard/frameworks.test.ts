import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { reservePort } from '../support/port.js';
import { makeClient } from '../clients/operator.js';
import { enterResource, type GuardCredentials, makeGuardCredentials } from '../support/guard-credentials.js';
import { checkGuardCase, GUARD_TABLE, type GuardedServer, toolNames } from '../support/guard-table.js';
import {
  type RunningServer,
  startExpress,
  startExpressWithJson,
  startFastify,
  startNest,
  startNode,
} from '../support/guarded-servers.js';
import { startTestService, type TestService } from '../support/harness.js';
import { askedWithTwo } from '../support/two-authorizations.js';

const FRAMEWORKS = {
  'node:http': startNode,
  Express: startExpress,
  'Express with its own parser': startExpressWithJson,
  Fastify: startFastify,
  Nest: startNest,
};

const scopes = { read: 'pages:read', write: 'pages:write' };
let service: TestService;
let server: GuardedServer;
let made: GuardCredentials;
let credentials: { clientId: string; clientSecret: string };
beforeAll(async () => {
  service = await startTestService();
  const resource = `http://127.0.0.1:${await reservePort()}/mcp`;
  server = {
    url: resource,
    resource,
    scopes,
    readTool: { name: 'pages_list', arguments: {} },
    writeTool: { name: 'pages_write', arguments: {} },
  };
  await enterResource(service, resource, scopes);
  const client = await makeClient(service, {
    client_name: 'Pages',
    grant_types: ['client_credentials'],
    serves: [resource],
  });
  credentials = { clientId: client.client_id, clientSecret: client.client_secret ?? '' };
  made = await makeGuardCredentials(service, resource, scopes);
});
afterAll(() => service.stop());

const get = (path: string, headers: Record<string, string> = {}) =>
  fetch(new URL(path, server.url), { headers: { Connection: 'close', ...headers } });

describe.each(Object.entries(FRAMEWORKS))('%s', (name, start) => {
  let running: RunningServer;
  beforeAll(async () => {
    running = await start(
      {
        issuer: service.config.issuer,
        resource: server.resource,
        scopes: Object.values(scopes),
        resourceName: 'Pages',
        introspection: credentials,
      },
      Number(new URL(server.url).port),
    );
  });
  afterAll(() => running.stop());

  test.each(GUARD_TABLE)('$name: $status', async (row) => {
    await checkGuardCase(row, server, made);
  });

  test('two Authorization headers are refused, whichever is good', async () => {
    const list = { jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} };
    for (const bearers of [
      [made.good, made.reader],
      [made.garbage, made.good],
    ] as const)
      expect(await askedWithTwo(server.url, 'POST', bearers, list)).toBe(400);
  });

  test('a reader is shown what it may call', async () => {
    expect([await toolNames(server, made.reader), await toolNames(server, made.good)]).toEqual([
      ['pages_list'],
      ['pages_list', 'pages_write'],
    ]);
  });

  test('a call that is nested too deeply for those who read it later', async () => {
    const nested = `${'['.repeat(9000)}${']'.repeat(9000)}`;
    const response = await fetch(server.url, {
      method: 'POST',
      headers: {
        Authorization: `Bearer ${made.good}`,
        'Content-Type': 'application/json',
        Accept: 'application/json, text/event-stream',
      },
      body: `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"pages_list","arguments":{"x":${nested}}}}`,
    });
    expect([response.status, await response.json()]).toEqual([
      400,
      expect.objectContaining({ error: 'invalid_request' }),
    ]);
  });

  test('the metadata is served where the challenge says and at the root, to pages of any origin', async () => {
    for (const path of ['/mcp', '']) {
      const response = await get(`/.well-known/oauth-protected-resource${path}`);
      expect([response.status, response.headers.get('access-control-allow-origin')]).toEqual([200, '*']);
      expect(await response.json()).toEqual({
        resource: server.resource,
        authorization_servers: [service.config.issuer],
        scopes_supported: ['pages:read', 'pages:write'],
        bearer_methods_supported: ['header'],
        resource_name: 'Pages',
      });
    }
    const elsewhere = await get('/.well-known/oauth-protected-resource/other');
    expect([401, 404]).toContain(elsewhere.status);
  });

  test('every other path is closed, and opens for a credential', async () => {
    const answers = [
      await get('/elsewhere'),
      await get('/elsewhere', { Authorization: `Bearer ${made.good}` }),
    ];
    const first = name === 'Nest' || name === 'Fastify' ? [404, 401] : [401];
    expect(first).toContain(answers[0]?.status);
    expect(answers[1]?.status).not.toBe(401);
  });

  if (name === 'Nest')
    test('routes: scopes of decorators, open routes, and the errors of the application itself', async () => {
      const at = async (path: string, credential?: string) => {
        const response = await get(path, credential ? { Authorization: `Bearer ${credential}` } : {});
        return [
          response.status,
          response.headers.get('www-authenticate')?.includes('insufficient_scope') ?? null,
        ];
      };
      expect(await at('/written')).toEqual([401, false]);
      expect(await at('/written', made.reader)).toEqual([403, true]);
      expect(await at('/written', made.good)).toEqual([200, null]);
      expect(await at('/open')).toEqual([200, null]);
      expect(await at('/broken')).toEqual([500, null]);
    });
});
