import { mkdir } from 'node:fs/promises';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { reservePort } from '../support/port.js';
import { migrate } from '../../src/database/migrate.js';
import { debianPrograms } from '../support/debian-programs.mjs';
import { type DebianPostgres, startDebianPostgres } from '../support/debian-postgres.js';
import { enterResource, type GuardCredentials, makeGuardCredentials } from '../support/guard-credentials.js';
import { checkGuardCase, GUARD_TABLE, type GuardedServer } from '../support/guard-table.js';
import { startTestService, type TestService } from '../support/harness.js';
import { operator } from '../support/operator.js';
import { type StartedProgram, startProgram } from '../support/program.js';

const RECIPES = join(import.meta.dirname, '../../docs/verify');
const scopes = { read: 'pages:read', write: 'pages:write' };
const run = promisify(execFile);
const made = () => join(process.env['TOOLGATE_TEST_DIRECTORY'] ?? '', 'recipes');

let postgres: DebianPostgres;
let service: TestService;
let server: GuardedServer;
let credentials: GuardCredentials;
let env: Record<string, string>;
beforeAll(async () => {
  await mkdir(made(), { recursive: true });
  postgres = await startDebianPostgres();
  const databaseUrl = await postgres.createDatabase();
  await migrate(databaseUrl);
  service = await startTestService({ databaseUrl });
  const resource = `http://127.0.0.1:${await reservePort()}/mcp`;
  server = {
    url: resource,
    resource,
    scopes,
    readTool: { name: 'pages_list', arguments: {} },
    writeTool: { name: 'pages_write', arguments: {} },
  };
  await enterResource(service, resource, scopes);
  const { body } = await (
    await operator(service)
  ).call('POST', '/admin/clients', {
    grant_types: ['client_credentials'],
    serves: [resource],
  });
  credentials = await makeGuardCredentials(service, resource, scopes);
  env = {
    ISSUER: service.config.issuer,
    RESOURCE: resource,
    CLIENT_ID: body.client_id,
    CLIENT_SECRET: body.client_secret,
    SCOPES: `${scopes.read} ${scopes.write}`,
    TOOLS: JSON.stringify({ pages_list: scopes.read, pages_write: scopes.write }),
  };
}, 120_000);
afterAll(async () => {
  await service.stop();
  await postgres.stop();
});

const metadata = () => {
  const { origin, pathname } = new URL(server.resource);
  return fetch(`${origin}/.well-known/oauth-protected-resource${pathname}`, {
    headers: { Connection: 'close' },
  });
};

const RECIPE_SERVERS: Record<string, () => Promise<StartedProgram>> = {
  python: () =>
    startProgram(debianPrograms().python, [join(RECIPES, 'python/server.py')], metadata, {
      ...env,
      PYTHONDONTWRITEBYTECODE: '1',
    }),
  async go() {
    const program = join(made(), 'go-server');
    const cache = { GOCACHE: join(made(), 'go-cache'), GO111MODULE: 'off', HOME: made() };
    await run(debianPrograms().go, ['build', '-o', program, join(RECIPES, 'go/main.go')], { env: cache });
    return startProgram(program, [], metadata, env);
  },
  java() {
    const { java, jars } = debianPrograms();
    const source = join(RECIPES, 'java/ResourceServer.java');
    return startProgram(java, ['-cp', jars, source], metadata, env);
  },
};

describe.each(Object.entries(RECIPE_SERVERS))('%s', (_language, start) => {
  let program: StartedProgram;
  beforeAll(async () => {
    program = await start();
  }, 180_000);
  afterAll(() => program.stop());

  test.each(GUARD_TABLE)('$name: $status', async (row) => {
    await checkGuardCase(row, server, credentials);
  });

  test('says where tokens come from (RFC 9728)', async () => {
    const answer = await metadata();
    expect(answer.headers.get('content-type')).toContain('application/json');
    expect(await answer.json()).toEqual({
      resource: server.resource,
      authorization_servers: [service.config.issuer],
      scopes_supported: [scopes.read, scopes.write],
      bearer_methods_supported: ['header'],
    });
  });

  test('a key that is revoked is refused within a second', async () => {
    const { accessToken } = await service.person();
    const body = { name: 'short', resource: server.resource, scopes: [scopes.read] };
    const { body: key } = await service.call('POST', '/keys', { bearer: accessToken, body });
    const status = async () => {
      const call = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: server.readTool };
      const headers = {
        'Content-Type': 'application/json',
        'X-API-Key': String(key.key),
        Connection: 'close',
      };
      const request = { method: 'POST', headers, body: JSON.stringify(call) };
      return (await fetch(server.url, request)).status;
    };
    expect(await status()).toBe(200);
    await service.call('DELETE', `/keys/${key.id}`, { bearer: accessToken });
    const since = Date.now();
    while ((await status()) === 200) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(Date.now() - since).toBeLessThan(1500);
  });
});

test('the glue for FastMCP and the Python SDK compiles', async () => {
  const check = 'import sys\nfor name in sys.argv[1:]: compile(open(name).read(), name, "exec")';
  const files = ['fastmcp_server.py', 'sdk_server.py'].map((name) => join(RECIPES, 'python', name));
  await run(debianPrograms().python, ['-c', check, ...files]);
});
