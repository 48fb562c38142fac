import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { connect } from 'node:net';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import {
  CreateMessageRequestSchema,
  ElicitRequestSchema,
  ResourceUpdatedNotificationSchema,
} from '@modelcontextprotocol/sdk/types.js';
import { McpSessionReaper } from '../../src/mcp/sessions/reaper.js';
import { SseStream } from '../../src/mcp/sessions/sse-stream.js';
import { type Answer, type Person, startTestService, type TestService } from '../support/harness.js';
import { queryOnce } from '../support/postgres.js';
import { FixturesModule } from './fixtures/fixtures.module.js';

let a: TestService;
let b: TestService;
let person: Person;
beforeAll(async () => {
  a = await startTestService({ modules: [FixturesModule] });
  const { databaseUrl, masterKey, clock } = a;
  b = await startTestService({ databaseUrl, masterKey, clock, publicUrl: a.url, modules: [FixturesModule] });
  person = await a.person();
});
afterAll(async () => {
  await Promise.all([a.stop(), b.stop()]);
});

const Accept = 'application/json, text/event-stream';
let count = 0;
const request = (method: string, params: object = {}) => ({
  jsonrpc: '2.0',
  id: (count += 1),
  method,
  params,
});
const initialize = (capabilities: object = {}) =>
  request('initialize', {
    protocolVersion: '2025-11-25',
    capabilities,
    clientInfo: { name: 'test', version: '1' },
  }); // prettier-ignore

interface Said {
  readonly bearer?: string;
  readonly session?: string | undefined;
  readonly headers?: Record<string, string>;
}
const headersOf = ({ bearer = person.accessToken, session, headers }: Said) => ({
  Accept,
  Authorization: `Bearer ${bearer}`,
  ...(session === undefined ? {} : { 'Mcp-Session-Id': session }),
  ...headers,
});
const say = (service: TestService, message: object, said: Said = {}) =>
  fetch(`${service.url}/mcp`, {
    method: 'POST',
    body: JSON.stringify(message),
    headers: { 'Content-Type': 'application/json', ...headersOf(said) },
  });
const listen = (service: TestService, said: Said) =>
  fetch(`${service.url}/mcp`, { headers: headersOf(said) });
const end = (service: TestService, said: Said) =>
  fetch(`${service.url}/mcp`, { method: 'DELETE', headers: headersOf(said) });

async function begin(service: TestService, capabilities: object = {}): Promise<string> {
  const answer = await say(service, initialize(capabilities));
  expect(answer.status).toBe(200);
  await answer.text();
  return answer.headers.get('mcp-session-id') ?? '';
}

interface Event {
  readonly id: string;
  readonly message: { id?: string; method?: string; params?: any; result?: any } | undefined; // eslint-disable-line @typescript-eslint/no-explicit-any
}

/** The events of a stream, one by one, until it ends. */
async function* eventsOf(answer: Response): AsyncGenerator<Event> {
  expect(answer.headers.get('content-type')).toBe('text/event-stream');
  let text = '';
  const decoder = new TextDecoder();
  for await (const chunk of answer.body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    for (let at = text.indexOf('\n\n'); at >= 0; at = text.indexOf('\n\n')) {
      const frame = text.slice(0, at);
      text = text.slice(at + 2);
      const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(frame)?.[1] ?? '';
      const data = field('data').trim();
      yield { id: field('id'), message: data === '' ? undefined : JSON.parse(data) };
    }
  }
}

async function next(events: AsyncGenerator<Event>, method?: string): Promise<Event> {
  for (;;) {
    const { value, done } = await events.next();
    if (done === true) throw new Error('the stream ended');
    if (value.message && (method === undefined || value.message.method === method)) return value;
  }
}

describe('a session begun at one replica', () => {
  test('goes on at the other, with its state', async () => {
    const session = await begin(a);
    expect((await say(b, request('logging/setLevel', { level: 'error' }), { session })).status).toBe(200);
    const call = request('tools/call', { name: 'test_tool_with_logging', arguments: {} });
    const answer = await say(a, call, { session });
    // Nothing was said before the answer, so there is no stream.
    expect(answer.headers.get('content-type')).toContain('application/json');
    expect(await answer.json()).toMatchObject({ id: call.id, result: { content: [{ type: 'text' }] } });
  });

  test.each([
    ['sampling/createMessage', 'test_sampling', { prompt: 'Hi' }, { role: 'assistant', model: 'm', content: { type: 'text', text: 'Hello' } }],
    ['elicitation/create', 'test_elicitation', { message: 'Who?' }, { action: 'accept', content: { username: 'ann', email: 'ann@example.com' } }],
  ])('asks by %s, and hears the answer that arrives at the other', async (method, name, args, result) => {
    const session = await begin(a, { sampling: {}, elicitation: {} });
    const events = eventsOf(await say(a, request('tools/call', { name, arguments: args }), { session }));
    const { message } = await next(events, method);
    const answered = await say(b, { jsonrpc: '2.0', id: message?.id, result }, { session });
    expect(answered.status).toBe(202);
    const final = await next(events);
    expect(JSON.stringify(final.message?.result)).toMatch(/Hello|ann@example/);
    expect(final.message?.result.isError).toBeUndefined();
  }); // prettier-ignore

  test('a call is cancelled at the other, and its stream ends without an answer', async () => {
    const session = await begin(a, { elicitation: {} });
    const call = request('tools/call', { name: 'test_elicitation', arguments: { message: 'Who?' } });
    const events = eventsOf(await say(a, call, { session }));
    await next(events, 'elicitation/create');
    const cancelled = { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: call.id } };
    expect((await say(b, cancelled, { session })).status).toBe(202);
    const rest: Event[] = [];
    for await (const event of events) rest.push(event);
    expect(rest.filter(({ message }) => message?.result !== undefined)).toEqual([]);
  });

  test('a stream lost at one is resumed at the other, from the last event and without a gap', async () => {
    const session = await begin(a);
    const call = request('tools/call', { name: 'test_tool_with_logging', arguments: {} });
    const events = eventsOf(await say(a, call, { session }));
    const { id } = await next(events, 'notifications/message');
    await events.return(undefined);
    const resumed = eventsOf(await listen(b, { session, headers: { 'Last-Event-ID': id } }));
    const heard: Event[] = [];
    for await (const event of resumed) if (event.message) heard.push(event);
    expect(heard.map(({ message }) => message?.params?.data ?? message?.id)).toEqual([
      'Tool processing data',
      'Tool execution completed',
      call.id,
    ]);
  });

  test('a call that closes its stream is heard to the end by who comes back', async () => {
    const session = await begin(a);
    const call = request('tools/call', { name: 'test_reconnection', arguments: {} });
    const first: Event[] = [];
    for await (const event of eventsOf(await say(a, call, { session }))) first.push(event);
    expect(first.map(({ message }) => message)).toEqual([undefined]);
    const headers = { 'Last-Event-ID': first[0]?.id ?? '' };
    const { message } = await next(eventsOf(await listen(b, { session, headers })));
    expect(message?.id).toBe(call.id);
  });

  test('hears at one of what changed at the other; the newest listener alone, and a later one what it missed', async () => {
    const session = await begin(a);
    const uri = 'test://watched-resource';
    await say(a, request('resources/subscribe', { uri }), { session });
    const change = () => say(b, request('tools/call', { name: 'test_change', arguments: { uri } }));
    const older = eventsOf(await listen(b, { session }));
    const newer = eventsOf(await listen(a, { session }));
    for await (const event of older) expect(event.message).toBeUndefined();
    await change();
    const heard = await next(newer);
    expect(heard.message).toMatchObject({ method: 'notifications/resources/updated', params: { uri } });
    await newer.return(undefined);
    await change();
    const headers = { 'Last-Event-ID': heard.id };
    const again = eventsOf(await listen(b, { session, headers }));
    expect((await next(again)).id).not.toBe(heard.id);
    await end(a, { session });
    for await (const event of again) expect(event.message).toBeUndefined();
  });
});

describe('whose a session is', () => {
  test('R18: its id is no credential, and to any other caller it is a 404', async () => {
    const session = await begin(a);
    const [other, reader] = await Promise.all([a.person(), a.call('POST', '/keys', { bearer: person.accessToken, body: { name: 'k' } })]);
    const ping = request('ping');
    for (const bearer of [other.accessToken, reader.body.key as string]) {
      expect((await say(b, ping, { session, bearer })).status).toBe(404);
      expect((await listen(b, { session, bearer })).status).toBe(404);
      expect((await end(b, { session, bearer })).status).toBe(404);
    }
    const anonymous = await a.call('POST', '/mcp', { body: ping, headers: { Accept, 'Mcp-Session-Id': session } });
    expect(anonymous.status).toBe(401);
    expect((await say(b, ping, { session })).status).toBe(200);
  }); // prettier-ignore

  test('a refreshed token goes on with it', async () => {
    const someone = await a.person();
    const begun = await say(a, initialize(), { bearer: someone.accessToken });
    const session = begun.headers.get('mcp-session-id') ?? '';
    const { body } = await a.call('POST', '/auth/refresh', { body: { refresh_token: someone.refreshToken } });
    expect((await say(b, request('ping'), { session, bearer: body.access_token })).status).toBe(200);
  });

  test('the answer to a question of another session is not heard', async () => {
    const session = await begin(a, { sampling: {} });
    const call = request('tools/call', { name: 'test_sampling', arguments: { prompt: 'Hi' } });
    const events = eventsOf(await say(a, call, { session }));
    const { message } = await next(events, 'sampling/createMessage');
    const other = (await a.person()).accessToken;
    const begun = await say(a, initialize({ sampling: {} }), { bearer: other });
    const theirs = begun.headers.get('mcp-session-id') ?? '';
    const forged = { role: 'assistant', model: 'm', content: { type: 'text', text: 'forged' } };
    await say(a, { jsonrpc: '2.0', id: message?.id, result: forged }, { session: theirs, bearer: other });
    const real = { ...forged, content: { type: 'text', text: 'real' } };
    await say(a, { jsonrpc: '2.0', id: message?.id, result: real }, { session });
    expect(JSON.stringify((await next(events)).message)).toContain('real');
  });
});

describe('how a session ends, and what is none', () => {
  test('after DELETE it is a 404 everywhere', async () => {
    const session = await begin(a);
    expect((await end(b, { session })).status).toBe(204);
    for (const service of [a, b]) {
      expect((await say(service, request('ping'), { session })).status).toBe(404);
      expect((await end(service, { session })).status).toBe(404);
    }
  });

  test('what listens is let go of when the login it came with ends, or its key is revoked', async () => {
    const other = await a.person();
    const made = await a.call('POST', '/keys', { bearer: other.accessToken, body: { name: 'agent' } });
    const revocations: [string, () => Promise<Answer>][] = [
      [made.body.key, () => a.call('DELETE', `/keys/${made.body.id}`, { bearer: other.accessToken })],
      [other.accessToken, () => a.call('POST', '/auth/logout', { bearer: other.accessToken, body: {} })],
    ];
    for (const [bearer, revoke] of revocations) {
      const begun = await say(a, initialize(), { bearer });
      const session = begun.headers.get('mcp-session-id') ?? '';
      const events = eventsOf(await listen(b, { bearer, session }));
      await events.next();
      expect((await revoke()).status).toBe(204);
      const revokedAt = performance.now();
      expect(await events.next()).toMatchObject({ done: true });
      // Not by the five minutes that a stream may take at most.
      expect(performance.now() - revokedAt).toBeLessThan(30_000);
    }
  });

  test('one that nobody used is gone, and removed', async () => {
    const session = await begin(a);
    a.clock.advance(a.config.MCP_SESSION_IDLE_TTL + 1);
    const bearer = (await a.call('POST', '/auth/refresh', { body: { refresh_token: person.refreshToken } })).body.access_token as string;
    expect((await say(b, request('ping'), { session, bearer })).status).toBe(404);
    await a.app.get(McpSessionReaper).reap();
    expect(await queryOnce(a.databaseUrl, 'SELECT id FROM mcp_sessions')).toEqual([]);
    person = await a.person();
  }); // prettier-ignore

  test.each([
    ['GET', {}, 405],
    ['GET', { 'MCP-Protocol-Version': '2025-11-25' }, 400],
    ['DELETE', {}, 405],
    ['DELETE', { 'MCP-Protocol-Version': '2025-06-18' }, 400],
    ['GET', { 'MCP-Protocol-Version': '2026-07-28', 'Mcp-Session-Id': 'x' }, 405],
    ['GET', { 'Mcp-Session-Id': 'x' }, 404],
    ['GET', { 'Mcp-Session-Id': 'x', Accept: 'application/json' }, 406],
    ['HEAD', { 'Mcp-Session-Id': 'x' }, 405],
  ])('%s with %j is %d', async (method, headers, status) => {
    const answer = await fetch(`${a.url}/mcp`, { method, headers: { ...headersOf({}), ...headers } });
    expect(answer.status).toBe(status);
  });

  test.each(['nonsense', `${'0'.repeat(8)}-0000-0000-0000-${'0'.repeat(12)}.1`])(
    'a stream is not resumed from %j',
    async (id) => {
      const session = await begin(a);
      expect((await listen(a, { session, headers: { 'Last-Event-ID': id } })).status).toBe(400);
    },
  );

  test.each([
    ['2099-01-01', 400],
    ['2025-06-18', 200],
    ['2025-03-26', 200],
  ])('a message of the revision %s in a session is %d', async (revision, status) => {
    const session = await begin(a);
    const headers = { 'MCP-Protocol-Version': revision };
    expect((await say(a, request('ping'), { session, headers })).status).toBe(status);
  });

  test('a client that keeps no session is served without', async () => {
    const answer = await say(a, request('tools/list'));
    expect(answer.status).toBe(200);
    expect(answer.headers.get('mcp-session-id')).toBeNull();
    expect(await answer.text()).toContain('notes_list');
  });
});

test('a reader of news who does not keep up costs no more than a bound, and is cut off', async () => {
  const bound = 100_000;
  const ended: string[] = [];
  const stream = new SseStream(() => ended.push('ended'), bound);
  const news = {
    jsonrpc: '2.0',
    method: 'notifications/resources/updated',
    params: { uri: 'notes://1' },
  } as const;
  let sent = 0;
  for (; ended.length === 0 && sent < 10_000; sent += 1) stream.send(news, undefined);
  expect(sent * JSON.stringify(news).length).toBeLessThan(2 * bound);
  expect(ended).toEqual(['ended']);
  await expect(stream.response.text()).rejects.toThrow();
});

test('a connection that its client wants closed is closed after a stream, too', async () => {
  const { accessToken } = await a.person();
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' });
  const socket = connect(Number(new URL(a.url).port), '127.0.0.1');
  socket.write(
    `POST /mcp HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer ${accessToken}\r\nContent-Type: application/json\r\n` +
      `Accept: application/json, text/event-stream\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
  let text = '';
  for await (const chunk of socket.setTimeout(5000, () => socket.destroy(new Error('still open'))))
    text += String(chunk);
  expect(text).toContain('text/event-stream');
});

test('the real client of the 2025 revisions answers a question and follows a note', async () => {
  const client = new Client(
    { name: 'test', version: '1' },
    { capabilities: { sampling: {}, elicitation: {} } },
  );
  const updated = new Promise<string>((resolve) => {
    client.setNotificationHandler(ResourceUpdatedNotificationSchema, ({ params }) => {
      resolve(params.uri);
    });
  });
  client.setRequestHandler(CreateMessageRequestSchema, () => ({
    role: 'assistant',
    model: 'm',
    content: { type: 'text', text: 'sampled' },
  }));
  client.setRequestHandler(ElicitRequestSchema, () => ({ action: 'decline' }));
  const transport = new StreamableHTTPClientTransport(new URL(`${a.url}/mcp`), {
    requestInit: { headers: { Authorization: `Bearer ${person.accessToken}` } },
  });
  await client.connect(transport);
  const answer = await client.callTool({ name: 'test_sampling', arguments: { prompt: 'x' } });
  expect(JSON.stringify(answer)).toContain('sampled');
  const written = await client.callTool({ name: 'notes_write', arguments: { title: 'one', body: 'x' } });
  const { id } = written.structuredContent as { id: string };
  const uri = `notes://note/${id}`;
  expect(await client.readResource({ uri })).toMatchObject({ contents: [{ uri, text: '# one\n\nx\n' }] });
  await client.subscribeResource({ uri });
  const listening = async () =>
    (await queryOnce(a.databaseUrl, 'SELECT id FROM mcp_sessions WHERE listener IS NOT NULL AND cardinality(subscriptions) > 0')).length > 0;
  while (!(await listening())) await new Promise((resolve) => setTimeout(resolve, 20));
  await client.callTool({ name: 'notes_write', arguments: { id, title: 'two', body: 'y' } });
  expect(await updated).toBe(uri);
  await transport.terminateSession();
  await client.close();
}); // prettier-ignore
