import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { reservePort } from '../../support/port.js';
import { describedResource } from '../../../src/gateway/proxy/guard-parts.js';
import { Policy } from '../../../src/gateway/proxy/policy.js';
import { parsePolicy } from '../../../src/gateway/proxy/policy-file.js';
import { ResourcesRepository } from '../../../src/resources/resources.repository.js';
import { makeClient } from '../../clients/operator.js';
import { callerOf, startTestService, type TestService } from '../../support/harness.js';
import { OauthDriver } from '../../support/oauth.js';
import { rememberSecret } from '../../support/credentials.js';
import { callTool, send, speaking, until, Upstream } from './support.js';

const PROGRAM = join(import.meta.dirname, '../../../dist/src/cli/toolgate.js');
const CHUNK = 64 * 1024;
const TOTAL = 100 * 1024 * 1024;
const MOST_EXTRA = 50 * 1024 * 1024;

let service: TestService;
let upstream: Upstream;
let program: ChildProcess;
let directory: string;
let said = '';
let resource: string;
let token: string;
let env: NodeJS.ProcessEnv;
let args: string[];

/** `toolgate guard URL --issuer URL` as a process of its own, so that its memory is its own. */
beforeAll(async () => {
  service = await startTestService();
  upstream = await new Upstream().start();
  upstream.answering = speaking();
  directory = await mkdtemp(join(tmpdir(), 'toolgate-guard-'));
  const port = await reservePort();
  resource = `http://127.0.0.1:${port}/mcp`;
  const policy = new Policy('big', parsePolicy('{}', 'default'));
  await service.app.get(ResourcesRepository).save(describedResource(resource, policy, []), new Date());
  const client = await makeClient(service, {
    client_name: 'guard',
    grant_types: ['client_credentials'],
    serves: [resource],
  });
  rememberSecret(client.client_secret ?? '');
  const { answer } = await new OauthDriver(service).connect(await service.person(), {
    scope: 'big:read big:write',
    resource,
  });
  token = (answer.body as { access_token: string }).access_token;
  env = {
    PATH: process.env['PATH'],
    DATA_DIR: directory,
    GUARD_PUBLIC_URL: `http://127.0.0.1:${port}`,
    GUARD_CLIENT_ID: client.client_id,
    GUARD_CLIENT_SECRET: client.client_secret,
  };
  args = ['guard', '--name', 'big', '--port', String(port), '--issuer', service.url, upstream.url];
  program = spawn(process.execPath, [PROGRAM, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const log = createWriteStream(
    join(process.env['TOOLGATE_TEST_DIRECTORY'] ?? '', 'logs', `guard-${program.pid}`),
  );
  for (const stream of [program.stdout, program.stderr]) {
    stream?.pipe(log, { end: false });
    stream?.on('data', (chunk: Buffer) => (said += chunk.toString()));
  }
  await until(() => said.includes('Ctrl-C') || program.exitCode !== null, 'the guard starts');
});
afterAll(async () => {
  program.kill('SIGTERM');
  await once(program, 'exit');
  await upstream.crash();
  await service.stop();
  await rm(directory, { recursive: true, force: true });
});

const peak = async () =>
  Number(/VmHWM:\s+(\d+) kB/.exec(await readFile(`/proc/${program.pid}/status`, 'utf8'))?.[1]) * 1024;

test('the guard by itself says what it guards, and takes and refuses what the issuer says', async () => {
  expect(said).toMatch(/look +big:read\n +change +big:write/);
  expect((await send({ resource }, token, callTool('look'))).status).toBe(200);
  expect((await send({ resource }, `${token}x`, callTool('look'))).status).toBe(401);
});

describe('--issuer', () => {
  test('its metadata and its challenge lead to the Toolgate that was named, and none runs here', async () => {
    const metadata = `${new URL(resource).origin}/.well-known/oauth-protected-resource/mcp`;
    const { body } = await callerOf(metadata).call('GET', '');
    expect(body).toMatchObject({ resource, authorization_servers: [service.url] });
    const challenge = (await fetch(resource, { method: 'POST' })).headers.get('www-authenticate');
    expect(challenge).toContain(`resource_metadata="${metadata}"`);
    expect(await readdir(directory)).not.toContain('postgres');
  });

  test('a key is asked about there, and is refused soon after its end; a token for another server at once', async () => {
    const person = await service.person();
    const { body } = await service.call('POST', '/keys', {
      bearer: person.accessToken,
      body: { name: 'reader', resource, scopes: ['big:read'] },
    });
    const status = async (bearer: string, tool: string) =>
      (await send({ resource }, bearer, callTool(tool))).status;
    expect([await status(body.key, 'look'), await status(body.key, 'change')]).toEqual([200, 403]);
    expect(await status(person.accessToken, 'look')).toBe(401);
    await service.call('DELETE', `/keys/${body.id}`, { bearer: person.accessToken });
    while ((await status(body.key, 'look')) === 200) await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await status(body.key, 'look')).toBe(401);
  });

  test('each decision is a line on the standard output', async () => {
    const { id, accessToken } = await service.person();
    const { body } = await service.call('POST', '/keys', {
      bearer: accessToken,
      body: { name: 'reader', resource, scopes: ['big:read'] },
    });
    for (const tool of ['look', 'change']) await send({ resource }, body.key, callTool(tool));
    const records = () => said.split('\n').filter((line) => line.includes('"audit"') && line.includes(id));
    await until(() => records().length >= 2, 'both are written');
    expect(records().map((line) => (JSON.parse(line) as { audit: object }).audit)).toMatchObject([
      { event: 'mcp.call', outcome: 'allowed', user_id: id, key_id: body.id, operation: 'look' },
      { event: 'mcp.call', outcome: 'denied', reason: 'insufficient_scope', operation: 'change' },
    ]);
  });

  test.each(['GUARD_CLIENT_ID', 'GUARD_CLIENT_SECRET'])(
    'without %s it does not start, and says so',
    async (name) => {
      const ended = promisify(execFile)(process.execPath, [PROGRAM, ...args], {
        env: { ...env, [name]: '' },
      });
      await expect(ended).rejects.toMatchObject({ code: 1, stderr: expect.stringContaining(name) });
    },
  );
});

test('R16: nobody told it where to listen, so it listens on loopback alone', async () => {
  // All of 127.0.0.0/8 is this computer, and only what listens on every address is found at the others.
  const elsewhere = `http://127.0.0.2:${new URL(resource).port}/mcp`;
  expect((await fetch(resource, { method: 'POST' })).status).toBe(401);
  await expect(fetch(elsewhere)).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } });
});

test.each(['text/event-stream', 'application/json'])(
  '100 MB of %s go through in less than 50 MB, to a slow reader too',
  async (type) => {
    await send({ resource }, token, callTool('look'));
    let sent = 0;
    upstream.answering = async (seen, response) => {
      if (!seen.text.includes('tools/call')) return speaking()(seen, response);
      const event = type === 'text/event-stream' ? `data: ${'x'.repeat(CHUNK - 8)}\n\n` : 'x'.repeat(CHUNK);
      response.writeHead(200, { 'Content-Type': type });
      for (sent = 0; sent < TOTAL; sent += CHUNK) if (!response.write(event)) await once(response, 'drain');
      response.end();
    };
    const before = await peak();
    const response = await fetch(resource, {
      method: 'POST',
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
      body: JSON.stringify(callTool('look')),
    });
    // Nobody reads: what is on its way must stay small.
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(sent).toBeLessThan(TOTAL / 2);
    let received = 0;
    for await (const chunk of response.body ?? []) received += chunk.length;
    expect(received).toBe(TOTAL);
    expect((await peak()) - before).toBeLessThan(MOST_EXTRA);
  },
);
