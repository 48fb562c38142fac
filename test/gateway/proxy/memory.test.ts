import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../../src/database/free-port.js';
import { describedResource } from '../../../src/gateway/proxy/guard-parts.js';
import { Policy } from '../../../src/gateway/proxy/policy.js';
import { parsePolicy } from '../../../src/gateway/proxy/policy-file.js';
import { ResourcesRepository } from '../../../src/resources/resources.repository.js';
import { makeClient } from '../../clients/operator.js';
import { startTestService, type TestService } from '../../support/harness.js';
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

/** `toolgate guard URL --issuer URL` as a process of its own, so that its memory is its own. */
beforeAll(async () => {
  service = await startTestService();
  upstream = await new Upstream().start();
  upstream.answering = speaking();
  directory = await mkdtemp(join(tmpdir(), 'toolgate-guard-'));
  const port = await freePort();
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
  const env = {
    PATH: process.env['PATH'],
    DATA_DIR: directory,
    GUARD_PUBLIC_URL: `http://127.0.0.1:${port}`,
    GUARD_CLIENT_ID: client.client_id,
    GUARD_CLIENT_SECRET: client.client_secret,
  };
  const args = ['guard', '--name', 'big', '--port', String(port), '--issuer', service.url, upstream.url];
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
