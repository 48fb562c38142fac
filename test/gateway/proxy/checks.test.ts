import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createLocalJWKSet, jwtVerify } from 'jose';
import { startTestService, type TestService } from '../../support/harness.js';
import {
  callTool,
  guardBefore,
  type GuardUnderTest,
  json,
  rpc,
  send,
  speaking,
  Upstream,
} from './support.js';

let service: TestService;
let upstream: Upstream;
let guard: GuardUnderTest;
let full: string;
let reader: string;
beforeAll(async () => {
  service = await startTestService();
  upstream = await new Upstream().start();
  upstream.answering = speaking();
  guard = await guardBefore(service, { url: upstream.url }, {
    upstreamHeaders: { authorization: 'Bearer of-the-operator' },
    policy: { tools: { 'secret_*': 'deny', open: [] }, prompts: { hidden: 'deny' }, resources: { 'file:///secret/*': 'deny' }, methods: { 'tasks/*': ['behind:write'] } },
  }); // prettier-ignore
  full = await guard.token('behind:read behind:write');
  reader = await guard.token('behind:read');
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

const untouched = () => {
  expect(
    upstream.seen.filter(({ text }) => text.includes('tools/call') || text.includes('prompts/get')),
  ).toEqual([]);
};

describe('who may do what', () => {
  test('a read tool by annotation needs read, another needs write, and the 403 names it', async () => {
    expect((await send(guard, reader, callTool('look'))).body.result.content[0].text).toBe('done');
    const refused = await send(guard, reader, callTool('change'));
    expect(refused.status).toBe(403);
    expect(refused.headers.get('www-authenticate')).toContain(
      'scope="behind:write", error="insufficient_scope"',
    );
    expect((await send(guard, full, callTool('change'))).status).toBe(200);
  });

  test.each([
    ['a tool that no list shows counts as one that writes', 'reader', callTool('unheard_of'), 403],
    ['a closed tool is closed to everybody', 'full', callTool('secret_thing'), 403],
    ['a closed prompt', 'full', rpc('prompts/get', { name: 'hidden' }), 403],
    ['a closed resource', 'full', rpc('resources/read', { uri: 'file:///secret/a' }), 403],
    [
      'a closed resource in another spelling',
      'full',
      rpc('resources/read', { uri: 'file:///open/../secret/a' }),
      403,
    ],
    ['a closed resource, encoded', 'full', rpc('resources/read', { uri: 'file:///secre%74/a' }), 403],
    [
      'a closed resource, subscribed to',
      'full',
      rpc('resources/subscribe', { uri: 'file:///secret/a' }),
      403,
    ],
    [
      'a closed prompt, completed',
      'full',
      rpc('completion/complete', { ref: { type: 'ref/prompt', name: 'hidden' } }),
      403,
    ],
    ['a method that nobody opened', 'full', rpc('admin/reset'), 404],
    ['a method that the policy opened to writers', 'reader', rpc('tasks/list'), 403],
    ['a tool without a name', 'full', rpc('tools/call', {}), 400],
    ['a tool whose name is a list', 'full', rpc('tools/call', { name: ['look'] }), 400],
  ])('%s', async (_name, who, body, status) => {
    expect((await send(guard, who === 'full' ? full : reader, body)).status).toBe(status);
    untouched();
    expect(upstream.seen.some(({ text }) => /resources|completion|tasks|admin/.test(text))).toBe(false);
  });

  test('a caller without any scope of this server still sees that it is there, and no tool of it', async () => {
    const nobody = await guard.token('openid');
    const { body } = await send(guard, nobody, rpc('tools/list'));
    expect(body.result.tools).toEqual([]);
    expect((await send(guard, nobody, callTool('open'))).status).toBe(200);
    expect((await send(guard, nobody, callTool('look'))).status).toBe(403);
  });
});

describe('lists', () => {
  const lists = {
    'tools/list': { tools: [{ name: 'look', annotations: { readOnlyHint: true } }, { name: 'change' }, { name: 'secret_thing' }] },
    'prompts/list': { prompts: [{ name: 'hidden' }, { name: 'shown' }] },
    'resources/list': { resources: [{ uri: 'file:///secret/x' }, { uri: 'file:///open' }] },
    'resources/templates/list': { resourceTemplates: [{ uriTemplate: 'file:///secret/{x}' }, { uriTemplate: 'file:///open/{x}' }] },
  }; // prettier-ignore
  const shown = { 'tools/list': ['look'], 'prompts/list': ['shown'], 'resources/list': ['file:///open'], 'resources/templates/list': ['file:///open/{x}'] }; // prettier-ignore
  const names = (result: object) =>
    Object.values(result).flatMap((list) =>
      Array.isArray(list) ? list.map((item) => item.name ?? item.uri ?? item.uriTemplate) : [],
    );

  test.each(Object.keys(lists) as (keyof typeof lists)[])(
    '%s is cut to the caller, as JSON and as events',
    async (method) => {
      upstream.answering = speaking((asked) =>
        asked === method ? { ...lists[method], resultType: 'complete', cacheScope: 'public' } : undefined,
      );
      const answer = await send(guard, reader, rpc(method));
      expect(names(answer.body.result)).toEqual(shown[method]);
      expect(answer.body.result.cacheScope).toBe('private');

      upstream.answering = speaking((asked, id, _seen, response) => {
        if (asked !== method) return undefined;
        response.writeHead(200, { 'Content-Type': 'text/event-stream' });
        const text = `id: 7\r\nevent: message\r\ndata: ${JSON.stringify({ jsonrpc: '2.0', id, result: lists[method] })}\r\n\r\n`;
        // Cut anywhere, an event is still one event.
        for (const part of text.match(/[\s\S]{1,7}/g) ?? []) response.write(part);
        response.end();
        return true;
      });
      const { text } = await send(guard, reader, rpc(method));
      expect(text).toMatch(/^id: 7~[\w-]{22}$/m);
      expect(names(JSON.parse(/^data: (.*)$/m.exec(text)?.[1] ?? '').result)).toEqual(shown[method]);
    },
  );

  test('a resumed stream brings no list past the filter', async () => {
    upstream.answering = (seen, response) => {
      if (seen.method !== 'GET') return speaking()(seen, response);
      response.writeHead(200, { 'Content-Type': 'text/event-stream' });
      response.end(`data: ${JSON.stringify({ jsonrpc: '2.0', id: 1, result: lists['tools/list'] })}\n\n`);
    };
    const { text } = await send(guard, reader, undefined, { method: 'GET' });
    expect(text).toContain('look');
    expect(text).not.toContain('change');
  });

  test('a stream is resumed by whom it was opened by alone, and where it was opened', async () => {
    const shared =
      'id: 7\r\nevent: message\r\ndata: {"private":"of the reader"}\r\n\r\nid\ndata: 1\n\nid:\u00c3\u00a9 8\n\n';
    upstream.answering = async (seen, response) => {
      if (seen.method !== 'GET') {
        await speaking()(seen, response);
        return;
      }
      response.writeHead(200, { 'Content-Type': 'text/event-stream' });
      for (const part of shared) {
        response.write(part, 'latin1');
        await new Promise(setImmediate);
      }
      response.end();
    };
    const resume = async (who: string, id: string, more: Record<string, string> = {}) =>
      (await send(guard, who, undefined, { method: 'GET', headers: { 'Last-Event-ID': id, ...more } }))
        .status;
    const opened = await fetch(guard.resource, { headers: { Authorization: `Bearer ${reader}` } });
    const text = Buffer.from(await opened.arrayBuffer()).toString('latin1');
    const [seven = '', eight = ''] = [...text.matchAll(/^id: (.*~.*?)\r?$/gm)].map(([, id]) => id);
    expect(text.replaceAll(/~[\w-]{22}/g, '~')).toBe(
      shared.replace('7', '7~').replace('id:\u00c3\u00a9 8', 'id: \u00c3\u00a9 8~'),
    );
    for (const [id, own] of [
      [seven, '7'],
      [eight, '\u00c3\u00a9 8'],
    ] as const) {
      expect(await resume(reader, id)).toBe(200);
      expect(upstream.last().headers['last-event-id']).toBe(own);
    }
    const asked = upstream.seen.length;
    for (const [who, id] of [
      [full, seven],
      [reader, '7'],
      [reader, seven.replace('7', '8')],
      [reader, `${seven}~`],
      [reader, '~'],
      [reader, 'x'.repeat(5000)],
    ] as const)
      expect(await resume(who, id)).toBe(400);
    expect(upstream.seen.length).toBe(asked);
  });

  test('an answer without a session, which could be to anybody, needs what a stream of everything does', async () => {
    const nobody = await guard.token('openid');
    const answer = { jsonrpc: '2.0', id: 0, result: { role: 'assistant' } };
    expect((await send(guard, nobody, answer)).status).toBe(403);
    expect(upstream.seen).toEqual([]);
    expect((await send(guard, reader, answer)).status).toBe(202);
  });
});

describe('what is checked is what is read', () => {
  const raw = (text: string) => text;
  test.each([
    ['a batch', raw(JSON.stringify([callTool('look'), callTool('change')])), 400],
    ['a batch of one', raw(JSON.stringify([callTool('look')])), 400],
    ['a name in another case beside the name', raw('{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"look","Name":"change"}}'), 400],
    ['a prototype as a member', raw('{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"look","__proto__":{"name":"change"}}}'), 400],
    ['a call that is also an answer', raw('{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"change"},"result":{}}'), 400],
    ['a number that is read differently elsewhere', raw('{"jsonrpc":"2.0","id":12345678901234567890,"method":"tools/call","params":{"name":"look"}}'), 400],
    ['a hundred thousand brackets', raw('['.repeat(90_000)), 400],
    ['nesting without end', raw(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"look","arguments":${'['.repeat(40_000)}${']'.repeat(40_000)}}}`), 400],
    ['two messages', raw(`${JSON.stringify(callTool('look'))}\n${JSON.stringify(callTool('change'))}`), 400],
    ['no JSON', raw('tools/call'), 400],
    ['params as a list', raw('{"jsonrpc":"2.0","id":1,"method":"tools/call","params":["change"]}'), 400],
    ['more than the limit', raw(JSON.stringify(callTool('look', { text: 'x'.repeat(200_000) }))), 413],
  ])('%s is refused', async (_name, body, status) => {
    expect((await send(guard, reader, body)).status).toBe(status);
    untouched();
  }); // prettier-ignore

  test('of a key that comes twice the server gets the one that was checked, and no member that was not', async () => {
    const text =
      '{"jsonrpc":"2.0","id":1,"method":"tools/call","Method":"admin/reset","params":{"name":"change","name":"look","arguments":{"a":1}},"extra":1}';
    expect((await send(guard, reader, text)).status).toBe(200);
    expect(upstream.last().text).toBe(
      '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"look","arguments":{"a":1}}}',
    );
    expect(
      (await send(guard, reader, text.replace('"change","name":"look"', '"look","name":"change"'))).status,
    ).toBe(403);
  });

  test.each([
    ['UTF-16', Buffer.from(JSON.stringify(callTool('look')), 'utf16le'), {}, 400],
    ['bytes that are no UTF-8', Buffer.from('{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"look\xff"}}', 'latin1'), {}, 400],
    ['another charset', JSON.stringify(callTool('look')), { 'Content-Type': 'application/json; charset=utf-16' }, 415],
    ['a form', JSON.stringify(callTool('look')), { 'Content-Type': 'text/plain' }, 415],
    ['a compressed body', JSON.stringify(callTool('look')), { 'Content-Encoding': 'gzip' }, 415],
  ])('%s is refused', async (_name, body, headers, status) => {
    expect((await send(guard, full, body, { headers: headers })).status).toBe(status);
    untouched();
  }); // prettier-ignore

  const meta = { _meta: { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' } };
  const modern = { ...callTool('look'), params: { name: 'look', ...meta } };
  const agreeing = { 'MCP-Protocol-Version': '2026-07-28', 'Mcp-Method': 'tools/call', 'Mcp-Name': 'look' };
  test.each([
    ['that agree', agreeing, 200],
    ['with an encoded name', { ...agreeing, 'Mcp-Name': `=?base64?${Buffer.from('look').toString('base64')}?=` }, 200],
    ['with another method', { ...agreeing, 'Mcp-Method': 'tools/list' }, 400],
    ['with another name', { ...agreeing, 'Mcp-Name': 'change' }, 400],
    ['with another version', { ...agreeing, 'MCP-Protocol-Version': '2025-06-18' }, 400],
    ['without the method', { 'MCP-Protocol-Version': '2026-07-28', 'Mcp-Name': 'look' }, 400],
    ['without the name', { 'MCP-Protocol-Version': '2026-07-28', 'Mcp-Method': 'tools/call' }, 400],
  ])('headers of 2026-07-28 %s', async (_name, headers, status) => {
    const answer = await send(guard, full, modern, { headers: headers as unknown as Record<string, string> });
    expect(answer.status).toBe(status);
    if (status === 400) {
      expect(answer.body).toMatchObject({ jsonrpc: '2.0', id: 1, error: { code: -32020 } });
      untouched();
    }
  }); // prettier-ignore

  test('an older request may not contradict itself either', async () => {
    expect((await send(guard, full, callTool('look'), { headers: { 'Mcp-Name': 'change' } })).status).toBe(
      400,
    );
    untouched();
  });

  test('a client does not widen the folders of the server by its roots', async () => {
    await send(
      guard,
      full,
      rpc('initialize', {
        protocolVersion: '2025-06-18',
        capabilities: { roots: {}, sampling: {} },
        clientInfo: {},
      }),
    );
    expect(JSON.parse(upstream.last().text).params.capabilities).toEqual({ sampling: {} });
  });

  test('nor by an answer that has roots in it', async () => {
    const answer = { jsonrpc: '2.0', id: 'q1', result: { roots: [{ uri: 'file:///' }] } };
    expect((await send(guard, full, answer)).status).toBe(202);
    expect(JSON.parse(upstream.last().text)).toEqual({
      jsonrpc: '2.0',
      id: 'q1',
      error: { code: -32601, message: 'There are no roots here.' },
    });
  });
});

describe('what the server behind gets of the caller', () => {
  const forged = {
    'X-Toolgate-Assertion': 'forged',
    'x_toolgate_assertion': 'forged',
    'X-Forwarded-User': 'root',
    'X-Forwarded-For': '10.0.0.1',
    Forwarded: 'for=10.0.0.1',
    'X-Auth-Request-User': 'root',
    'X-User-Id': 'root',
    Cookie: 'session=stolen',
    'Proxy-Authorization': 'Basic dTpw',
    'X-Original-Url': '/admin',
    'Mcp-Param-Region': 'eu',
  }; // prettier-ignore

  test('its own credentials and a signed assertion, and nothing that the caller sent beside the protocol', async () => {
    await send(guard, full, callTool('look'), {
      headers: { ...forged, 'MCP-Protocol-Version': '2025-06-18' },
    });
    const { headers } = upstream.last();
    const { 'x-toolgate-assertion': assertion, ...rest } = headers;
    expect(rest).toEqual({
      host: `127.0.0.1:${upstream.port}`,
      connection: 'keep-alive',
      accept: 'application/json, text/event-stream',
      'accept-encoding': 'identity',
      authorization: 'Bearer of-the-operator',
      'content-type': 'application/json',
      'content-length': String(upstream.last().text.length),
      'mcp-protocol-version': '2025-06-18',
      'mcp-param-region': 'eu',
    });
    expect(JSON.stringify(headers)).not.toContain(full);

    const { origin } = new URL(guard.resource);
    const jwks = await (await fetch(`${origin}/.well-known/toolgate-guard-jwks.json`)).json();
    const { payload } = await jwtVerify(String(assertion), createLocalJWKSet(jwks), {
      typ: 'toolgate-guard+jwt',
      algorithms: ['ES256'],
      issuer: guard.resource,
      audience: upstream.url,
      maxTokenAge: 60,
    });
    expect(payload).toMatchObject({
      kind: 'user',
      scope: 'behind:read behind:write',
      client_id: expect.any(String),
    });
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(60);
    // Of no use anywhere else, at the guard and the service least of all.
    expect((await send(guard, String(assertion), callTool('look'))).status).toBe(401);
    expect((await service.call('GET', '/auth/me', { bearer: String(assertion) })).status).toBe(401);
  });

  test('a query string and another path do not reach it', async () => {
    const before = upstream.seen.length;
    const response = await fetch(`${guard.resource}/../admin`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${full}` },
    });
    expect(response.status).toBe(404);
    expect(upstream.seen.length).toBe(before);
  });

  test('pages of other sites are refused', async () => {
    expect(
      (await send(guard, full, callTool('look'), { headers: { Origin: 'https://evil.example' } })).status,
    ).toBe(403);
    expect(
      (await send(guard, full, callTool('look'), { headers: { Origin: 'http://localhost:6274' } })).status,
    ).toBe(200);
  });
});

describe('sessions of the 2025 revisions', () => {
  test('belong to whom they were opened by, under an id that the server itself does not know', async () => {
    upstream.answering = speaking((method, id, seen, response) => {
      if (method === 'initialize') {
        json(
          response,
          { jsonrpc: '2.0', id, result: { protocolVersion: '2025-06-18', capabilities: {}, serverInfo: {} } },
          { 'Mcp-Session-Id': 'inner-1' },
        );
        return true;
      }
      return { content: [], session: seen.headers['mcp-session-id'] };
    });
    const opened = await send(
      guard,
      full,
      rpc('initialize', { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: {} }),
    );
    const session = { 'Mcp-Session-Id': opened.headers.get('mcp-session-id') ?? '' };
    expect(session['Mcp-Session-Id']).not.toContain('inner');
    expect((await send(guard, full, callTool('look'), { headers: session })).body.result.session).toBe(
      'inner-1',
    );

    const count = upstream.seen.length;
    for (const [who, headers] of [
      [reader, session],
      [full, { 'Mcp-Session-Id': 'inner-1' }],
      [full, { 'Mcp-Session-Id': `${session['Mcp-Session-Id'].slice(0, -2)}AA` }],
    ] as const) {
      for (const method of ['POST', 'GET', 'DELETE'])
        expect(
          (await send(guard, who, method === 'POST' ? callTool('look') : undefined, { headers, method }))
            .status,
        ).toBe(404);
    }
    expect(upstream.seen.length).toBe(count);
  });
});
