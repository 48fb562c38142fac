import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { connect } from 'node:net';
import { localKeeping, serviceKeeping } from '../../../src/cli/guard-keeping.js';
import { AuditTrail } from '../../../src/ops/audit/audit-trail.js';
import { startTestService, type TestService } from '../../support/harness.js';
import { queryOnce } from '../../support/postgres.js';
import {
  callTool,
  guardBefore,
  type GuardUnderTest,
  READ_TOOL,
  rpc,
  send,
  speaking,
  Upstream,
  WRITE_TOOL,
} from './support.js';

let service: TestService;
let upstream: Upstream;
beforeAll(async () => {
  service = await startTestService({ env: { MCP_CALL_LIMIT: '5' } });
  upstream = await new Upstream().start();
});
afterAll(async () => {
  await upstream.crash();
  await service.stop();
});
beforeEach(() => {
  upstream.answering = speaking();
  upstream.seen.length = 0;
});

interface Recorded {
  readonly operation_kind: string | null;
  readonly operation: string | null;
  readonly outcome: string;
  readonly reason: string | null;
  readonly resource: string | null;
}
async function recordedAt(guard: GuardUnderTest): Promise<Recorded[]> {
  await service.app.get(AuditTrail).flush();
  const rows = await queryOnce<Recorded & Record<string, unknown>>(
    service.databaseUrl,
    `SELECT * FROM audit_events WHERE event = 'mcp.call' AND resource = '${guard.resource}' ORDER BY at, id`,
  );
  return rows;
}
const calls = () => upstream.seen.filter(({ text }) => text.includes('tools/call'));

describe("with the service's database", () => {
  let guard: GuardUnderTest;
  beforeEach(async () => {
    guard = await guardBefore(service, { url: upstream.url }, { policy: { tools: { closed: 'deny' } } });
  });
  afterEach(() => guard.close());

  test('every decision about a call is a record of who, through what, which tool, and why not', async () => {
    const reader = await guard.token('behind:read');
    await send(guard, reader, rpc('tools/list'));
    await send(guard, reader, rpc('initialize', {}));
    await send(guard, reader, callTool('look', { text: 'very private' }), {
      headers: { 'X-Request-Id': 'look-1' },
    });
    await send(guard, reader, callTool('change'));
    await send(guard, reader, callTool('closed'));
    await send(guard, reader, rpc('admin/reset'));
    await send(guard, reader, [callTool('look')]);
    await send(guard, reader, { jsonrpc: '2.0', method: 'tools/call', params: { name: 'change' } });
    const recorded = await recordedAt(guard);
    expect(recorded.map((one) => [one.operation_kind, one.operation, one.outcome, one.reason])).toEqual([
      ['tool', 'look', 'allowed', null],
      ['tool', 'change', 'denied', 'insufficient_scope'],
      ['tool', 'closed', 'denied', 'not_allowed'],
      ['method', 'admin/reset', 'denied', 'method_closed'],
      [null, null, 'denied', 'batch_not_served'],
      ['tool', 'change', 'denied', 'insufficient_scope'],
    ]);
    expect(recorded[0]).toMatchObject({
      principal: 'user',
      user_id: expect.any(String),
      client_id: expect.stringMatching(/^tgc_/),
      session_id: expect.any(String),
      request_id: 'look-1',
      address: '127.0.0.1',
      arguments: null,
    });
    expect(JSON.stringify(recorded)).not.toContain('very private');
    expect(calls()).toHaveLength(1);
  });

  test('past MCP_CALL_LIMIT the answer is 429 in the words of MCP, with the time to wait; nothing reaches the server', async () => {
    const token = await guard.token('behind:read');
    const answers = [];
    for (let n = 0; n < 6; n += 1) answers.push(await send(guard, token, callTool('look')));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 429]);
    const wait = Number(answers[5]?.headers.get('retry-after'));
    expect(wait).toBeGreaterThan(0);
    expect(answers[5]?.body).toMatchObject({
      id: 1,
      error: { code: -32005, data: { code: 'rate_limited', retry_after: wait } },
    });
    expect(calls()).toHaveLength(5);
    expect((await send(guard, token, rpc('tools/list'))).status).toBe(200);
    expect((await send(guard, await guard.token('behind:read'), callTool('look'))).status).toBe(200);
    expect((await recordedAt(guard)).at(5)).toMatchObject({
      outcome: 'denied',
      reason: 'rate_limited: limit all',
    });
  });
});

test('outside of WRITE_HOURS what changes something is refused, and what only reads is not', async () => {
  const never = { days: new Set<number>(), from: 0, to: 1440, timeZone: 'UTC' };
  const config = { ...service.config, MCP_CALL_LIMIT: 0, WRITE_HOURS: never };
  const policy = {
    tools: { 'rated_*': ['behind:read'], claims: ['behind:write'], other: ['vault:read'] },
    methods: { 'tasks/get': ['behind:read'], 'tasks/cancel': ['behind:write'] },
  };
  const closed = await guardBefore(service, { url: upstream.url }, { policy, keeping: serviceKeeping(service.app, config) }); // prettier-ignore
  const token = await closed.token('behind:read behind:write vault:read');
  upstream.answering = speaking((method) =>
    method === 'tools/list'
      ? { tools: [READ_TOOL, WRITE_TOOL, { ...READ_TOOL, name: 'claims' }, { ...READ_TOOL, name: 'other' }] }
      : method === 'tasks/get' || method.startsWith('resources')
        ? {}
        : undefined,
  );
  await send(closed, token, rpc('tools/list'));
  const asked = [
    callTool('look'),
    callTool('change'),
    callTool('rated_by_policy'),
    callTool('claims'),
    callTool('other'),
    callTool('unheard_of'),
    rpc('tasks/get', { taskId: '1' }),
    rpc('tasks/cancel', { taskId: '1' }),
    rpc('resources/read', { uri: 'file:///a' }),
  ];
  const answers = [];
  for (const body of asked) answers.push(await send(closed, token, body));
  expect(answers.map(({ status }) => status)).toEqual([200, 403, 200, 403, 200, 403, 200, 403, 200]);
  expect(answers[1]?.body).toMatchObject({
    id: 1,
    error: { message: expect.stringContaining('closed at this hour'), data: { code: 'policy_denied' } },
  });
  expect((await recordedAt(closed))[1]).toMatchObject({ reason: 'policy_denied: policy write-hours' });
  expect(calls().some(({ text }) => text.includes('"change"'))).toBe(false);
  await closed.close();
});

describe('with the service elsewhere', () => {
  test('records are lines of the same shape, whatever LOG_LEVEL says, and the process counts by itself', async () => {
    const lines: string[] = [];
    const config = { ...service.config, MCP_CALL_LIMIT: 2, LOG_LEVEL: 'silent' as const };
    const keeping = localKeeping(config, { write: (line) => lines.push(line) });
    const guard = await guardBefore(service, { url: upstream.url }, { keeping });
    const token = await guard.token('behind:read');
    const statuses = [];
    for (let n = 0; n < 3; n += 1) statuses.push((await send(guard, token, callTool('look'))).status);
    expect(statuses).toEqual([200, 200, 429]);
    const records = lines.map((line) => (JSON.parse(line) as { audit: Recorded }).audit);
    expect(records.map(({ outcome, reason }) => [outcome, reason])).toEqual([
      ['allowed', null],
      ['allowed', null],
      ['denied', 'rate_limited: limit all'],
    ]);
    await send(guard, await guard.token('behind:read'), callTool('look'));
    const [row] = await queryOnce(service.databaseUrl, 'SELECT * FROM audit_events LIMIT 1');
    expect(Object.keys(records[0] ?? {}).sort()).toEqual(Object.keys(row ?? {}).sort());
    await guard.close();
  });

  test('a call that cannot be recorded is not made', async () => {
    const keeping = localKeeping(service.config, {
      write() {
        throw new Error('nobody writes');
      },
    });
    const guard = await guardBefore(service, { url: upstream.url }, { keeping });
    expect((await send(guard, await guard.token('behind:read'), callTool('look'))).status).toBe(500);
    expect(calls()).toEqual([]);
    await guard.close();
  });
});

describe('what a breaker sends', () => {
  let guard: GuardUnderTest;
  let token: string;
  beforeAll(async () => {
    upstream.answering = speaking();
    guard = await guardBefore(service, { url: upstream.url }, { keeping: localKeeping({ ...service.config, MCP_CALL_LIMIT: 0 }, { write: () => undefined }) }); // prettier-ignore
    token = await guard.token('behind:read');
  });
  afterAll(() => guard.close());

  /** Bytes as they are, for what no HTTP client would send. */
  const raw = (head: string[], body = '') =>
    new Promise<string>((resolve, reject) => {
      const socket = connect(guard.port, '127.0.0.1', () =>
        socket.write(`${head.join('\r\n')}\r\n\r\n${body}`),
      );
      let text = '';
      socket.setTimeout(5000, () => socket.destroy(new Error(`no answer: ${text}`)));
      socket.on('data', (chunk) => (text += chunk.toString()));
      socket.on('error', reject).on('close', () => {
        resolve(text);
      });
    });
  const look = JSON.stringify(callTool('look'));
  const common = () => [`Host: 127.0.0.1`, 'Connection: close', 'Content-Type: application/json'];
  const sized = `Content-Length: ${look.length}`;
  const statusOf = (text: string) => Number(/^HTTP\/1.1 (\d+)/.exec(text)?.[1]);

  test.each([
    ['no path but the one', 'POST //mcp HTTP/1.1', 404],
    ['a path that goes up', 'POST /mcp/..%2fmcp HTTP/1.1', 404],
    ['another case', 'POST /MCP HTTP/1.1', 404],
    ['an absolute URI', 'POST http://elsewhere/mcp HTTP/1.1', 404],
    ['the path with a query', 'POST /mcp?access_token=x HTTP/1.1', 200],
  ])('%s', async (_name, line, status) => {
    expect(statusOf(await raw([line, ...common(), `Authorization: Bearer ${token}`, sized], look))).toBe(
      status,
    );
    expect(calls()).toHaveLength(status === 200 ? 1 : 0);
  });

  test.each([
    ['two ways to tell the length', ['Transfer-Encoding: chunked', sized]],
    ['two lengths', [sized, 'Content-Length: 1']],
    ['chunks, misspelt', ['Transfer-Encoding: xchunked', sized]],
    ['a header of 100 kB', [sized, `X-Padding: ${'x'.repeat(100_000)}`]],
    ['a header folded over two lines', [sized, 'X-A: b\r\n c: d']],
  ])('%s: refused, and nothing reaches the server', async (_name, headers) => {
    const answer = await raw(
      ['POST /mcp HTTP/1.1', ...common(), `Authorization: Bearer ${token}`, ...headers],
      look,
    );
    expect(statusOf(answer)).toBeGreaterThanOrEqual(400);
    expect(statusOf(answer)).toBeLessThan(500);
    expect(calls()).toEqual([]);
  });

  test('two Authorization headers, or a key beside a token, are refused whichever is good', async () => {
    for (const pair of [
      [token, 'x'],
      ['x', token],
      [token, token],
    ]) {
      const both = pair.map((one) => `Authorization: Bearer ${one}`);
      expect(statusOf(await raw(['POST /mcp HTTP/1.1', ...common(), ...both, sized], look))).toBe(400);
    }
    const beside = [`Authorization: Bearer ${token}`, 'X-API-Key: tgk_x'];
    expect(statusOf(await raw(['POST /mcp HTTP/1.1', ...common(), ...beside, sized], look))).toBe(400);
    expect(calls()).toEqual([]);
  });

  test('what only looks as if the guard had said it stays at the guard', async () => {
    await send(guard, token, rpc('ping'), {
      headers: {
        'X-Toolgate-Assertion': 'forged',
        'X-Forwarded-User': 'root',
        Cookie: 'a=b',
        'Mcp-Name': 'change',
      },
    });
    const { headers } = upstream.last();
    expect([headers['x-forwarded-user'], headers.cookie, headers['mcp-name']]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect(headers['x-toolgate-assertion']).not.toContain('forged');
    await send(
      guard,
      token,
      { jsonrpc: '2.0', id: 1, result: {} },
      { headers: { 'Mcp-Method': 'tools/call', 'Mcp-Name': 'change' } },
    );
    expect([upstream.last().headers['mcp-method'], upstream.last().headers['mcp-name']]).toEqual([
      undefined,
      undefined,
    ]);
  });

  test.each([
    '__proto__',
    'constructor',
    'toString',
    'ｌｏｏｋ',
    'look\u0000',
    'look\u200b',
    'Look',
    'l\u0301\n"\\\r\nX: y',
    ' look',
  ])('the tool %j is one that is not known, and the guard lives on', async (name) => {
    expect((await send(guard, token, callTool(name))).status).toBe(403);
    expect((await send(guard, token, callTool('look'))).status).toBe(200);
  });

  test('half a surrogate pair, which other parsers read as another name, is refused', async () => {
    expect(
      (
        await send(
          guard,
          token,
          `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"look\\ud800"}}`,
        )
      ).status,
    ).toBe(400);
  });

  test('of a method that stands twice the server gets the one that was judged, after a byte order mark too', async () => {
    const twice =
      '\ufeff{"jsonrpc":"2.0","id":1,"method":"tools/call","method":"ping","params":{"name":"change"}}';
    await send(guard, token, twice);
    expect(upstream.last().text).toBe('{"jsonrpc":"2.0","id":1,"method":"ping","params":{"name":"change"}}');
    const reversed =
      '{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/call","params":{"name":"look","name":"change"}}';
    expect((await send(guard, token, reversed)).status).toBe(403);
  });

  test.each([
    ['no JSON', 'data: {"half\n\n'],
    [
      'a list behind a blank',
      `data:  {"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"look","annotations":{"readOnlyHint":true}},{"name":"change"}]}}\n\n`,
    ],
    [
      'a list over many lines',
      `data:\ndata: {"jsonrpc":"2.0","id":1,\ndata: "result":{"tools":[{"name":"look","annotations":{"readOnlyHint":true}},{"name":"change"}]}}\n\n`,
    ],
    [
      'a list in a batch',
      `data: [{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"look","annotations":{"readOnlyHint":true}},{"name":"change"}]}}]\n\n`,
    ],
  ])('a server whose event is %s neither ends the guard nor shows what is hidden', async (_name, event) => {
    upstream.answering = speaking((method, _id, seen, response) => {
      if (method !== 'tools/list' || !seen.headers['x-toolgate-assertion']) return undefined;
      response.writeHead(200, { 'Content-Type': 'text/event-stream' }).end(event);
      return true;
    });
    const { status, text } = await send(guard, token, rpc('tools/list'));
    expect(status).toBe(200);
    expect(text).not.toContain('change');
    upstream.answering = speaking();
    expect((await send(guard, token, callTool('look'))).status).toBe(200);
  });
});
