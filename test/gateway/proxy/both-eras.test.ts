import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { startTestService, type TestService } from '../../support/harness.js';
import { guardBefore, type GuardUnderTest, rpc, send } from './support.js';

const PROGRAM = join(import.meta.dirname, 'both-eras-server.mjs');
let service: TestService;
let server: ChildProcess;
let url: string;
beforeAll(async () => {
  service = await startTestService();
  server = spawn(process.execPath, [PROGRAM], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [port] = (await once(server.stdout ?? server, 'data')) as [Buffer];
  url = `http://127.0.0.1:${port.toString().trim()}/mcp`;
});
afterAll(async () => {
  server.kill();
  await service.stop();
});

const TARGETS = {
  'over HTTP': () => ({ url }),
  'over standard streams': () => ({ command: process.execPath, args: [PROGRAM, 'stdio'], env: {} }),
};

describe.each(Object.entries(TARGETS))('a server of both eras %s', (_name, target) => {
  let guard: GuardUnderTest;
  let writer: string;
  let reader: string;
  beforeAll(async () => {
    guard = await guardBefore(service, target());
    writer = await guard.token('behind:read behind:write');
    reader = await guard.token('behind:read');
  });
  afterAll(() => guard.close());

  const connect = async (token: string, mode: 'auto' | 'legacy') => {
    const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode } });
    const requestInit = { headers: { Authorization: `Bearer ${token}` } };
    await client.connect(new StreamableHTTPClientTransport(new URL(guard.resource), { requestInit }));
    return client;
  };

  test.each([
    ['modern', 'auto'],
    ['legacy', 'legacy'],
  ] as const)('serves a client in the %s era, each caller what it may', async (era, mode) => {
    const [all, some] = [await connect(writer, mode), await connect(reader, mode)];
    expect([all.getProtocolEra(), some.getProtocolEra()]).toEqual([era, era]);
    expect((await all.listTools()).tools.map(({ name }) => name)).toEqual(['look', 'change']);
    expect((await some.listTools()).tools.map(({ name }) => name)).toEqual(['look']);
    expect(JSON.stringify(await some.callTool({ name: 'look', arguments: {} }))).toContain('looked in');
    expect(JSON.stringify(await all.callTool({ name: 'change', arguments: {} }))).toContain('changed');
    await expect(some.callTool({ name: 'change', arguments: {} })).rejects.toThrow();
    await Promise.all([all.close(), some.close()]);
  });

  test('a list of 2026-07-28 is for its caller alone', async () => {
    const _meta = {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientCapabilities': {},
      'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
    };
    const headers = { 'MCP-Protocol-Version': '2026-07-28', 'Mcp-Method': 'tools/list' };
    const { text } = await send(guard, reader, rpc('tools/list', { _meta }), { headers });
    expect(text).toContain('"cacheScope":"private"');
    expect(text).toContain('"look"');
    expect(text).not.toContain('"change"');
  });
});
