import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { CreateMessageRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { startTestService, type TestService } from '../../support/harness.js';
import { callTool, guardBefore, type GuardUnderTest, rpc, send, until } from './support.js';

const command = {
  command: process.execPath,
  args: [join(import.meta.dirname, 'stdio-server.mjs')],
  env: { PATH: process.env['PATH'] ?? '' },
};
let service: TestService;
let guard: GuardUnderTest;
let one: string;
let other: string;
beforeAll(async () => {
  service = await startTestService();
  guard = await guardBefore(service, command, { timeoutMs: 2000 });
  one = await guard.token('behind:read behind:write');
  other = await guard.token('behind:read behind:write');
});
afterAll(async () => {
  await guard.close();
  await service.stop();
});

interface Told {
  readonly pid: number;
  readonly calls: number;
  readonly cancelled: unknown[];
}
const told = (result: unknown) =>
  JSON.parse((result as { content: { text: string }[] }).content[0]?.text ?? '') as Told;
const look = async (token: string) => told((await send(guard, token, callTool('look'))).body.result);
const alive = (pid: number) => existsSync(`/proc/${pid}`);
const initialize = rpc('initialize', {
  protocolVersion: '2025-06-18',
  capabilities: {},
  clientInfo: { name: 't', version: '1' },
});

async function session(token: string) {
  const opened = await send(guard, token, initialize);
  const headers = { 'Mcp-Session-Id': opened.headers.get('mcp-session-id') ?? '' };
  await send(guard, token, { jsonrpc: '2.0', method: 'notifications/initialized' }, { headers });
  return headers;
}

describe('processes', () => {
  test('are one for each session and one for each caller without any, and never shared between callers', async () => {
    const sessions = [await session(one), await session(one), await session(other)];
    const owners = [one, one, other];
    const inSessions = await Promise.all(
      sessions.map(
        async (headers, index) =>
          told((await send(guard, owners[index] ?? '', callTool('look'), { headers })).body.result).pid,
      ),
    );
    const without = [(await look(one)).pid, (await look(other)).pid];
    expect(new Set([...inSessions, ...without]).size).toBe(5);
    expect((await look(one)).pid).toBe(without[0]);
    expect((await send(guard, other, callTool('look'), { headers: sessions[0] ?? {} })).status).toBe(404);
  });

  test('end with their session', async () => {
    const headers = await session(one);
    const { pid } = told((await send(guard, one, callTool('look'), { headers })).body.result);
    expect(alive(pid)).toBe(true);
    expect((await send(guard, one, undefined, { headers, method: 'DELETE' })).status).toBe(204);
    await until(() => !alive(pid), 'the process ends');
    expect((await send(guard, one, callTool('look'), { headers })).status).toBe(404);
  });

  test('know nothing of our environment, and who their caller is', async () => {
    const { body } = await send(guard, one, callTool('environment'));
    const environment = told(body.result) as unknown as Record<string, string>;
    expect(
      Object.keys(environment)
        .filter((name) => !name.startsWith('__'))
        .sort(),
    ).toEqual(['PATH', 'TOOLGATE_IDENTITY']);
    expect(JSON.parse(environment['TOOLGATE_IDENTITY'] ?? '')).toMatchObject({
      kind: 'user',
      sub: expect.any(String),
    });
  });

  test('that crash are a clear error for who waits, and are there again at the next call, in a session too', async () => {
    const headers = await session(one);
    for (const more of [{}, { headers }]) {
      const before = told((await send(guard, one, callTool('look'), more)).body.result);
      const crashed = await send(guard, one, callTool('crash'), more);
      expect(crashed.status).toBe(502);
      expect(crashed.body).toMatchObject({
        id: 1,
        error: { code: -32603, message: expect.stringContaining('stopped in the middle') },
      });
      const after = told((await send(guard, one, callTool('look'), more)).body.result);
      expect(after.pid).not.toBe(before.pid);
      expect(after.calls).toBe(1);
    }
  });

  test('that do not answer are a 504, and are told that nobody waits any more', async () => {
    expect(
      (await send(guard, one, { ...callTool('hang'), id: 'slow' }, { headers: await session(one) })).status,
    ).toBe(504);
    const headers = await session(one);
    const leaving = new AbortController();
    const asking = fetch(guard.resource, {
      method: 'POST',
      headers: { Authorization: `Bearer ${one}`, 'Content-Type': 'application/json', ...headers },
      body: JSON.stringify({ ...callTool('hang'), id: 'gone' }),
      signal: leaving.signal,
    }).catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, 200));
    leaving.abort();
    await asking;
    let cancelled: unknown[] = [];
    const end = Date.now() + 5000;
    while (!cancelled.includes('gone') && Date.now() < end)
      ({ cancelled } = told((await send(guard, one, callTool('look'), { headers })).body.result));
    expect(cancelled).toEqual(['gone']);
  });

  test('are bounded: who needs none gives way, and who waits for one that all use is told when to come again', async () => {
    const small = await guardBefore(service, command, {
      processes: { most: 2, mostPerOwner: 1, idleMs: 300 },
      timeoutMs: 2000,
    });
    const [a, b, c] = [
      await small.token('behind:read'),
      await small.token('behind:read'),
      await small.token('behind:read'),
    ];
    const call = async (token: string, name = 'look') => send(small, token, callTool(name));
    const first = told((await call(a)).body.result).pid;
    await call(b);
    expect((await call(c)).status).toBe(200);
    await until(() => !alive(first), 'the idlest process ends');
    const busy = [call(b, 'hang'), call(c, 'hang')];
    await new Promise((resolve) => setTimeout(resolve, 500));
    const refused = await call(a);
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '2']);
    expect((await Promise.all(busy)).map(({ status }) => status)).toEqual([504, 504]);
    expect((await call(a)).status).toBe(200);
    await small.close();
  });

  test('that nobody uses end, and the caller does not notice', async () => {
    const idle = await guardBefore(service, command, {
      processes: { most: 5, mostPerOwner: 5, idleMs: 200 },
    });
    const token = await idle.token('behind:read');
    const pid = async () => told((await send(idle, token, callTool('look'))).body.result).pid;
    const first = await pid();
    await until(() => !alive(first), 'the idle process ends');
    expect(await pid()).not.toBe(first);
    await idle.close();
  });

  test('all end with the guard', async () => {
    const closing = await guardBefore(service, command);
    const token = await closing.token('behind:read');
    const { pid } = told((await send(closing, token, callTool('look'))).body.result);
    await closing.close();
    expect(alive(pid)).toBe(false);
  });
});

describe('a real client', () => {
  const connect = async (token: string, client: Client) => {
    const transport = new StreamableHTTPClientTransport(new URL(guard.resource), {
      requestInit: { headers: { Authorization: `Bearer ${token}` } },
    });
    await client.connect(transport);
    return client;
  };

  test('is asked by the server, and its answer arrives', async () => {
    const client = new Client({ name: 'asked', version: '1' }, { capabilities: { sampling: {} } });
    client.setRequestHandler(CreateMessageRequestSchema, () => ({
      model: 'm',
      role: 'assistant',
      content: { type: 'text', text: 'as you say' },
    }));
    await connect(one, client);
    const result = await client.callTool({ name: 'ask', arguments: {} });
    expect(JSON.stringify(result)).toContain('as you say');
    await client.close();
  });

  test('hears of progress on its call', async () => {
    const client = await connect(one, new Client({ name: 'watching', version: '1' }));
    const heard: number[] = [];
    await client.callTool({ name: 'progress', arguments: {} }, undefined, {
      onprogress: ({ progress }) => heard.push(progress),
    });
    expect(heard).toEqual([1, 2]);
    await client.close();
  });
});

test('calls of many clients of one caller do not get mixed up in their one process', async () => {
  const answers = await Promise.all(
    Array.from({ length: 20 }, async () =>
      send(guard, one, {
        ...callTool('progress'),
        params: { name: 'progress', arguments: {}, _meta: { progressToken: 'same' } },
      }),
    ),
  );
  for (const { status, text } of answers) {
    expect(status).toBe(200);
    expect(text.match(/"progressToken":"same"/g)).toHaveLength(2);
    expect(text.match(/"id":1[,}]/g)).toHaveLength(1);
  }
});

test('what nobody reads is not collected: the process waits', async () => {
  const { body } = {
    body: {
      ...callTool('flood'),
      params: { name: 'flood', arguments: { count: 300 }, _meta: { progressToken: 1 } },
    },
  };
  const before = process.memoryUsage().rss;
  const response = await fetch(guard.resource, {
    method: 'POST',
    headers: { Authorization: `Bearer ${one}`, 'Content-Type': 'application/json', ...(await session(one)) },
    body: JSON.stringify(body),
  });
  await new Promise((resolve) => setTimeout(resolve, 1000));
  expect(process.memoryUsage().rss - before).toBeLessThan(50e6);
  expect((await response.text()).match(/"progress":/g)).toHaveLength(300);
});
