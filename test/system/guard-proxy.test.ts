import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  Client as ModernClient,
  StreamableHTTPClientTransport as ModernTransport,
} from '@modelcontextprotocol/client';
import { Client as LegacyClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as LegacyTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { CreateMessageRequestSchema, ListRootsRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { reservePort } from '../support/port.js';
import { migrate } from '../../src/database/migrate.js';
import { guardBefore, type GuardUnderTest, until } from '../gateway/proxy/support.js';
import { type DebianPostgres, startDebianPostgres } from '../support/debian-postgres.js';
import { type GuardCredentials, makeGuardCredentials } from '../support/guard-credentials.js';
import { checkGuardCase, GUARD_TABLE, type GuardedServer, toolNames } from '../support/guard-table.js';
import { startTestService, type TestService } from '../support/harness.js';
import { NpmPrograms, type ServerName } from '../support/npm-programs.js';

const scopes = { read: 'behind:read', write: 'behind:write' };

let postgres: DebianPostgres;
let service: TestService;
let programs: NpmPrograms;
let folder: string;
let everything: ChildProcess | undefined;
let everythingUrl: string;
beforeAll(async () => {
  [postgres, programs] = await Promise.all([startDebianPostgres(), NpmPrograms.install()]);
  const databaseUrl = await postgres.createDatabase();
  await migrate(databaseUrl);
  service = await startTestService({ databaseUrl });
  folder = join(process.env['TOOLGATE_TEST_DIRECTORY'] ?? '', 'shared');
  await mkdir(folder);
  await writeFile(join(folder, 'greeting.txt'), 'hello from the folder');
  const port = await reservePort();
  everythingUrl = `http://127.0.0.1:${port}/mcp`;
  await startEverything(port);
}, 300_000);
afterAll(async () => {
  everything?.kill('SIGKILL');
  await service.stop();
  await postgres.stop();
});

const program = (name: ServerName) =>
  programs.at('@modelcontextprotocol', `server-${name}`, 'dist', 'index.js');
async function startEverything(port: number): Promise<void> {
  everything = spawn(process.execPath, [program('everything'), 'streamableHttp'], {
    env: { PORT: String(port) },
    stdio: 'ignore',
  });
  while (!(await fetch(everythingUrl).catch(() => undefined)))
    await new Promise((resolve) => setTimeout(resolve, 50));
}
const stdio = (name: ServerName, ...args: string[]) => ({
  command: process.execPath,
  args: [program(name), ...args],
  env: { PATH: process.env['PATH'] ?? '', MEMORY_FILE_PATH: join(folder, 'memory.json') },
});

const bearer = (guard: GuardUnderTest, token: string) =>
  [new URL(guard.resource), { requestInit: { headers: { Authorization: `Bearer ${token}` } } }] as const;
async function modern(guard: GuardUnderTest, token: string) {
  const client = new ModernClient({ name: 'modern', version: '1' }, { versionNegotiation: { mode: 'auto' } });
  await client.connect(new ModernTransport(...bearer(guard, token)));
  return client as unknown as AnyClient;
}
async function legacy(
  guard: GuardUnderTest,
  token: string,
  client = new LegacyClient({ name: 'legacy', version: '1' }),
) {
  await client.connect(new LegacyTransport(...bearer(guard, token)));
  return client as unknown as AnyClient;
}
interface AnyClient {
  listTools(): Promise<{ tools: { name: string }[] }>;
  callTool(call: GuardedServer['readTool']): Promise<{ isError?: unknown }>;
  close(): Promise<void>;
}
const CLIENTS = { '@modelcontextprotocol/client 2.x': modern, '@modelcontextprotocol/sdk 1.x': legacy };

interface Guarded {
  readonly target: () => Parameters<typeof guardBefore>[1];
  readonly read: () => GuardedServer['readTool'];
  readonly write: () => GuardedServer['writeTool'];
  /** Answers no call outside a session, so the rows that let one through are for the clients alone. */
  readonly sessionsOnly?: true;
}
const echo = () => ({ name: 'echo', arguments: { message: 'hi' } });
const toggle = () => ({ name: 'toggle-simulated-logging', arguments: {} });
const GUARDED: Record<string, Guarded> = {
  'everything over HTTP': {
    target: () => ({ url: everythingUrl }),
    read: echo,
    write: toggle,
    sessionsOnly: true,
  },
  'everything over standard streams': {
    target: () => stdio('everything', 'stdio'),
    read: echo,
    write: toggle,
  },
  filesystem: {
    target: () => stdio('filesystem', folder),
    read: () => ({ name: 'read_text_file', arguments: { path: join(folder, 'greeting.txt') } }),
    write: () => ({
      name: 'write_file',
      arguments: { path: join(folder, 'written.txt'), content: 'by a caller' },
    }),
  },
  memory: {
    target: () => stdio('memory'),
    read: () => ({ name: 'read_graph', arguments: {} }),
    write: () => ({ name: 'create_entities', arguments: { entities: [] } }),
  },
};

describe.each(Object.entries(GUARDED))('%s', (name, { target, read, write, sessionsOnly }) => {
  let guard: GuardUnderTest;
  let server: GuardedServer;
  let made: GuardCredentials;
  beforeAll(async () => {
    guard = await guardBefore(service, target());
    server = { url: guard.resource, resource: guard.resource, scopes, readTool: read(), writeTool: write() };
    made = await makeGuardCredentials(service, guard.resource, scopes);
  });
  afterAll(() => guard.close());

  test.each(GUARD_TABLE.filter(({ status }) => status !== 200 || !sessionsOnly))(
    '$name: $status',
    async (row) => {
      await checkGuardCase(row, server, made);
    },
  );

  test.each(Object.entries(CLIENTS))(
    '%s lists and calls, each caller what it may',
    async (_client, connect) => {
      const [writer, reader] = [await connect(guard, made.good), await connect(guard, made.reader)];
      const names = async (client: AnyClient) => (await client.listTools()).tools.map((tool) => tool.name);
      expect(await names(writer)).toEqual(
        expect.arrayContaining([server.readTool.name, server.writeTool.name]),
      );
      expect(await names(reader)).toContain(server.readTool.name);
      expect(await names(reader)).not.toContain(server.writeTool.name);
      for (const client of [writer, reader])
        expect((await client.callTool(server.readTool)).isError).not.toBe(true);
      expect((await writer.callTool(server.writeTool)).isError).not.toBe(true);
      await expect(reader.callTool(server.writeTool)).rejects.toThrow();
      await Promise.all([writer.close(), reader.close()]);
    },
  );

  test('what a caller may not use it is not shown, nor does it happen', async () => {
    if (!sessionsOnly) expect(await toolNames(server, made.reader)).not.toContain(server.writeTool.name);
    if (name === 'filesystem')
      expect(await readFile(join(folder, 'written.txt'), 'utf8')).toBe('by a caller');
  });
});

test.each([
  ['over HTTP', () => ({ url: everythingUrl })],
  ['over standard streams', () => stdio('everything', 'stdio')],
])('prompts, resources, progress and questions of the server come through %s', async (_name, target) => {
  const guard = await guardBefore(service, target());
  const client = new LegacyClient({ name: 'asked', version: '1' }, { capabilities: { sampling: {} } });
  client.setRequestHandler(CreateMessageRequestSchema, () => ({
    model: 'm',
    role: 'assistant',
    content: { type: 'text', text: 'as you say' },
  }));
  await legacy(guard, await guard.token('behind:read behind:write'), client);
  expect((await client.listPrompts()).prompts.length).toBeGreaterThan(0);
  const { resources } = await client.listResources();
  expect((await client.readResource({ uri: resources[0]?.uri ?? '' })).contents).toHaveLength(1);
  const heard: number[] = [];
  const long = { name: 'trigger-long-running-operation', arguments: { duration: 0.4, steps: 2 } };
  await client.callTool(long, undefined, { onprogress: ({ progress }) => heard.push(progress) });
  expect(heard.length).toBeGreaterThan(0);
  const question = { name: 'trigger-sampling-request', arguments: { prompt: 'well?', maxTokens: 5 } };
  expect(JSON.stringify(await client.callTool(question))).toContain('as you say');
  await client.close();
  await guard.close();
});

test('the folders of server-filesystem are the operator’s: a caller’s roots do not replace them', async () => {
  const guard = await guardBefore(service, stdio('filesystem', folder));
  const client = new LegacyClient(
    { name: 'rooted', version: '1' },
    { capabilities: { roots: { listChanged: true } } },
  );
  let asked = 0;
  client.setRequestHandler(ListRootsRequestSchema, () => {
    asked += 1;
    return { roots: [{ uri: 'file:///' }] };
  });
  await legacy(guard, await guard.token('behind:read behind:write'), client);
  await client.sendRootsListChanged();
  await until(() => asked > 0, 'the server asks for roots although none were announced');
  const folders = await client.callTool({ name: 'list_allowed_directories', arguments: {} });
  const read = await client.callTool({ name: 'read_text_file', arguments: { path: '/etc/hostname' } });
  await client.close();
  await guard.close();
  expect(JSON.stringify(folders)).toContain(`Allowed directories:\\n${folder}"`);
  expect(read.isError).toBe(true);
  expect(JSON.stringify(read)).toContain('Access denied');
});

test('a crash of the server behind is told clearly, and the next session is served', async () => {
  const guard = await guardBefore(service, { url: everythingUrl });
  const token = await guard.token('behind:read');
  const client = await legacy(guard, token);
  everything?.kill('SIGKILL');
  await once(everything ?? process, 'exit');
  await expect(client.callTool(echo())).rejects.toThrow('cannot be reached');
  await startEverything(Number(new URL(everythingUrl).port));
  const again = await legacy(guard, token);
  expect((await again.callTool(echo())).isError).not.toBe(true);
  await Promise.all([client.close(), again.close()]);
  await guard.close();
});
