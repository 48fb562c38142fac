import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import { startTestService, type TestService } from '../../support/harness.js';
import {
  callTool,
  guardBefore,
  type GuardUnderTest,
  json,
  rpc,
  send,
  speaking,
  until,
  Upstream,
} from './support.js';

let service: TestService;
let upstream: Upstream;
let guard: GuardUnderTest;
let token: string;
beforeAll(async () => {
  service = await startTestService();
  upstream = await new Upstream().start();
  upstream.answering = speaking();
  guard = await guardBefore(service, { url: upstream.url }, { timeoutMs: 500 });
  token = await guard.token('behind:read behind:write');
});
afterAll(async () => {
  await guard.close();
  await upstream.crash();
  await service.stop();
});
beforeEach(() => {
  upstream.answering = speaking();
  upstream.seen.length = 0;
});

const look = () => send(guard, token, callTool('look'));
const onCall = (answering: Upstream['answering']) => {
  upstream.answering = (seen, response) =>
    seen.text.includes('tools/call') ? answering(seen, response) : speaking()(seen, response);
};

describe('a server that fails', () => {
  test('one that is not there is a 502 in the words of MCP, and is found again when it is back', async () => {
    await upstream.crash();
    const refused = await look();
    expect(refused.status).toBe(502);
    expect(refused.body).toMatchObject({
      jsonrpc: '2.0',
      id: 1,
      error: { code: -32603, message: expect.stringContaining('cannot be reached') },
    });
    expect(refused.text).not.toContain(String(upstream.port));
    await upstream.start();
    expect((await look()).status).toBe(200);
  });

  test('one that breaks off in the middle of a stream: the client is told at once, and the next call is served', async () => {
    onCall((_seen, response) => {
      response.writeHead(200, { 'Content-Type': 'text/event-stream' });
      response.write(
        'event: message\ndata: {"jsonrpc":"2.0","method":"notifications/progress","params":{}}\n\ndata: {"half',
      );
      setTimeout(() => void upstream.crash(), 50);
    });
    const answer = await look();
    expect(answer.status).toBe(200);
    expect(answer.text).toContain('notifications/progress');
    expect(JSON.parse(/data: (\{"jsonrpc":"2.0","id".*)\n/.exec(answer.text)?.[1] ?? '')).toMatchObject({
      id: 1,
      error: { code: -32603 },
    });
    await upstream.start();
    upstream.answering = speaking();
    expect((await look()).status).toBe(200);
  });

  test('a stream that can be resumed is broken off, so that the client resumes it', async () => {
    onCall((_seen, response) => {
      response.writeHead(200, { 'Content-Type': 'text/event-stream' });
      response.write('id: 1\ndata: \n\n');
      setTimeout(() => response.destroy(), 50);
    });
    await expect(look()).rejects.toThrow();
  });

  test.each([
    ['does not answer', () => undefined, 504, 'in time'],
    ['refuses the guard', (response: Parameters<typeof json>[0]) => { json(response, {}, { 'WWW-Authenticate': 'Bearer' }, 401); }, 502, 'credentials'],
    ['forbids the guard', (response: Parameters<typeof json>[0]) => { json(response, {}, {}, 403); }, 502, 'credentials'],
    ['compresses', (response: Parameters<typeof json>[0]) => { json(response, {}, { 'Content-Encoding': 'gzip' }); }, 502, 'compresses'],
    ['answers with a page', (response: Parameters<typeof json>[0]) => response.writeHead(200, { 'Content-Type': 'text/html' }).end('<h1>'), 502, 'neither JSON nor events'],
    ['fails with a page', (response: Parameters<typeof json>[0]) => response.writeHead(500, { 'Content-Type': 'text/html' }).end('<h1>'), 502, 'answered with 500'],
    ['knows no such session, without words', (response: Parameters<typeof json>[0]) => response.writeHead(404).end(), 404, 'answered 404'],
  ] as const)('one that %s', async (_name, answer, status, words) => {
    onCall((_seen, response) => void answer(response));
    const { status: seen, headers, body } = await look();
    expect(seen).toBe(status);
    expect(headers.get('www-authenticate')).toBeNull();
    expect(body.error.message).toContain(words);
  }); // prettier-ignore

  test('its own JSON-RPC error and status come through, its cookies do not', async () => {
    onCall((_seen, response) => {
      json(
        response,
        { jsonrpc: '2.0', id: 1, error: { code: -32602, message: 'no such thing' } },
        { 'Set-Cookie': 'a=b', Server: 'x' },
        400,
      );
    });
    const answer = await look();
    expect(answer).toMatchObject({ status: 400, body: { error: { message: 'no such thing' } } });
    expect([answer.headers.get('set-cookie'), answer.headers.get('server')]).toEqual([null, null]);
  });

  test('a list that is no list is a 502', async () => {
    upstream.answering = (_seen, response) =>
      void response.writeHead(200, { 'Content-Type': 'application/json' }).end('{"tools":');
    expect((await send(guard, token, rpc('tools/list'))).status).toBe(502);
  });
});

test("a redirect is not followed: nothing, the operator's credentials least of all, goes elsewhere", async () => {
  let asked = 0;
  const elsewhere = createServer((_request, response) => {
    asked += 1;
    response.end();
  }).listen(0, '127.0.0.1');
  await once(elsewhere, 'listening');
  const { port } = elsewhere.address() as AddressInfo;
  for (const status of [301, 302, 307, 308]) {
    onCall(
      (_seen, response) => void response.writeHead(status, { Location: `http://127.0.0.1:${port}/` }).end(),
    );
    const answer = await look();
    expect(answer.status).toBe(502);
    expect(answer.headers.get('location')).toBeNull();
  }
  expect(asked).toBe(0);
  elsewhere.close();
});

describe('streams', () => {
  test('an event is there as soon as the server sent it', async () => {
    let more: (() => void) | undefined;
    onCall((_seen, response) => {
      response.writeHead(200, { 'Content-Type': 'text/event-stream' });
      response.write('data: {"first":1}\n\n');
      more = () => void response.end('data: {"last":1}\n\n');
    });
    const response = await fetch(guard.resource, {
      method: 'POST',
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
      body: JSON.stringify(callTool('look')),
    });
    const reader = response.body?.getReader();
    expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toBe('data: {"first":1}\n\n');
    more?.();
    expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toBe('data: {"last":1}\n\n');
    expect(response.headers.get('x-accel-buffering')).toBe('no');
  });

  test('a client that goes away is gone for the server too, before the answer and within it', async () => {
    for (const begins of [true, false]) {
      onCall((_seen, response) => {
        if (begins) response.writeHead(200, { 'Content-Type': 'text/event-stream' }).write('data: {}\n\n');
      });
      const leaving = new AbortController();
      const asking = fetch(guard.resource, {
        method: 'POST',
        headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
        body: JSON.stringify(callTool('look')),
        signal: leaving.signal,
      }).catch(() => undefined);
      if (begins) await asking;
      await until(() => upstream.seen.some(({ text }) => text.includes('tools/call')), 'the call arrives');
      leaving.abort();
      await until(() => upstream.last().aborted, 'the server sees the client leave');
      await asking;
      upstream.seen.length = 0;
    }
  });
});

describe('a caller who may no longer', () => {
  const keyOf = async () => {
    const { accessToken } = await service.person();
    const body = { name: 'k', resource: guard.resource, scopes: ['behind:read'] };
    const made = (await service.call('POST', '/keys', { bearer: accessToken, body })).body;
    const revoke = () => service.call('DELETE', `/keys/${made.id}`, { bearer: accessToken });
    return { key: made.key as string, revoke };
  };

  test.each([
    ['a stream', 'GET', undefined, 'text/event-stream'],
    ['a subscription', 'POST', rpc('subscriptions/listen', { notifications: {} }), 'text/event-stream'],
    ['a call that streams', 'POST', callTool('look'), 'text/event-stream'],
    ['a call that answers as a whole', 'POST', callTool('look'), 'application/json'],
  ] as const)('loses %s within a second', async (_name, method, body, type) => {
    const { key, revoke } = await keyOf();
    upstream.answering = (seen, response) => {
      if (method === 'POST' && !seen.text.includes(body.method)) return speaking()(seen, response);
      response
        .writeHead(200, { 'Content-Type': type })
        .write(type === 'application/json' ? '{' : ': here\n\n');
    };
    const response = await fetch(guard.resource, {
      method,
      headers: { Authorization: `Bearer ${key}`, ...(body && { 'Content-Type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
    });
    expect(response.status).toBe(200);
    const whole = response.text().catch(() => 'broken off');
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect(upstream.last().aborted).toBe(false);
    expect((await revoke()).status).toBe(204);
    const revokedAt = performance.now();
    expect(await whole).toBe(type === 'application/json' ? 'broken off' : ': here\n\n');
    await until(() => upstream.last().aborted, 'the server hears of it');
    expect(performance.now() - revokedAt).toBeLessThan(1000);
  });

  test('is told so when nothing was answered yet', async () => {
    const { key, revoke } = await keyOf();
    upstream.answering = (seen, response) => (seen.method === 'GET' ? undefined : speaking()(seen, response));
    const asked = fetch(guard.resource, { headers: { Authorization: `Bearer ${key}` } });
    await until(() => upstream.seen.some(({ method }) => method === 'GET'), 'the stream is asked for');
    await revoke();
    expect((await asked).status).toBe(401);
  });
});

test('a caller who does not read its answer is let go of, and the server need not wait for it', async () => {
  const more = Buffer.alloc(65_536, ': filling\n\n');
  for (const type of ['text/event-stream', 'application/json']) {
    onCall((_seen, response) => {
      response.writeHead(200, { 'Content-Type': type });
      const fill = () => {
        while (!response.destroyed && response.write(more));
      };
      response.on('drain', fill);
      fill();
    });
    const body = JSON.stringify(callTool('look'));
    const socket = connect(guard.port, '127.0.0.1').pause();
    socket.on('error', () => undefined);
    socket.write(
      `POST /mcp HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    await until(() => upstream.seen.some(({ text }) => text.includes('tools/call')), 'the call arrives');
    await until(() => upstream.last().aborted, 'the guard lets go');
    upstream.seen.length = 0;
    socket.destroy();
  }
});

test('a tool that is new is found, and one that no longer only reads is not let through', async () => {
  let tools = [
    { name: 'look', annotations: { readOnlyHint: true } },
    { name: 'fresh', annotations: { readOnlyHint: true } },
  ];
  upstream.answering = speaking((method) => (method === 'tools/list' ? { tools } : undefined));
  const reader = await guard.token('behind:read');
  // An unknown name is asked for at most once a second.
  await new Promise((resolve) => setTimeout(resolve, 1100));
  expect((await send(guard, reader, callTool('fresh'))).status).toBe(200);
  tools = [{ name: 'fresh', annotations: { readOnlyHint: false } }];
  await send(guard, reader, rpc('tools/list'));
  expect((await send(guard, reader, callTool('fresh'))).status).toBe(403);
});
