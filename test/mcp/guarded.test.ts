import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startTestService, type TestService } from '../support/harness.js';
import { FixturesModule } from './fixtures/fixtures.module.js';

let service: TestService;
const tokens: Record<string, string> = {};
beforeAll(async () => {
  service = await startTestService({ modules: [FixturesModule] });
  tokens['neither scope'] = (await service.person('notes:read')).accessToken;
  tokens['the scope of the class'] = (await service.person('fixtures:read')).accessToken;
  tokens['the scope of the method'] = (await service.person('fixtures:write')).accessToken;
  tokens['both scopes'] = (await service.person('fixtures:read fixtures:write')).accessToken;
});
afterAll(() => service.stop());

const META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': {},
};
const Accept = 'application/json, text/event-stream';

/** The same message as a client of either era sends it. */
const SENDERS = {
  '2026-07-28': (bearer: string, method: string, params: Record<string, unknown>, headers = {}) => {
    const name = params['name'] ?? params['uri'];
    const named = typeof name === 'string' ? { 'Mcp-Name': name } : {};
    return service.call('POST', '/mcp', {
      bearer,
      body: { jsonrpc: '2.0', id: 1, method, params: { ...params, _meta: META } },
      headers: { Accept, 'MCP-Protocol-Version': '2026-07-28', 'Mcp-Method': method, ...named, ...headers },
    });
  },
  '2025-11-25': async (bearer: string, method: string, params: Record<string, unknown>) => {
    const clientInfo = { name: 'test', version: '1' };
    const handshake = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo };
    const begun = await service.call('POST', '/mcp', {
      bearer,
      body: { jsonrpc: '2.0', id: 0, method: 'initialize', params: handshake },
      headers: { Accept },
    });
    const session = begun.headers.get('mcp-session-id') ?? '';
    return service.call('POST', '/mcp', {
      bearer,
      body: { jsonrpc: '2.0', id: 1, method, params },
      headers: { Accept, 'Mcp-Session-Id': session, 'MCP-Protocol-Version': '2025-11-25' },
    });
  },
};
const ERAS = Object.entries(SENDERS);

const HIDDEN: [string, Record<string, unknown>][] = [
  ['tools/call', { name: 'test_tool_with_progress', arguments: {} }],
  ['prompts/get', { name: 'locked_prompt' }],
  ['resources/read', { uri: 'test://locked' }],
  ['resources/read', { uri: 'TEST://locked' }],
  ['resources/subscribe', { uri: 'test://locked' }],
  [
    'completion/complete',
    { ref: { type: 'ref/prompt', name: 'locked_prompt' }, argument: { name: 'x', value: '' } },
  ],
];

describe.each(ERAS)('%s', (era, send) => {
  test.each(HIDDEN)(
    'attack 27: %s of what is hidden, called by its name, is 403 with every scope it needs: %j',
    async (method, params) => {
      for (const who of ['neither scope', 'the scope of the class', 'the scope of the method']) {
        const answer = await send(tokens[who] ?? '', method, params);
        expect([who, answer.status]).toEqual([who, 403]);
        const challenge = answer.headers.get('www-authenticate') ?? '';
        expect(challenge).toContain('error="insufficient_scope"');
        const scope = /scope="([^"]*)"/.exec(challenge)?.[1]?.split(' ').sort();
        expect(scope).toEqual(['fixtures:read', 'fixtures:write']);
      }
      // 2026-07-28 subscribes otherwise: it has no such method.
      const gone = era === '2026-07-28' && method === 'resources/subscribe';
      const admitted = await send(tokens['both scopes'] ?? '', method, params);
      expect(admitted.status).toBe(gone ? 404 : 200);
    },
  );

  test('a template is read with its scope alone', async () => {
    const params = { uri: 'test://template/7/data' };
    expect((await send(tokens['neither scope'] ?? '', 'resources/read', params)).status).toBe(403);
    const answer = await send(tokens['the scope of the class'] ?? '', 'resources/read', params);
    expect(answer.text).toContain('Data for ID: 7');
  });

  test.each([
    ['tools/list', 'tools', 'test_tool_with_progress'],
    ['prompts/list', 'prompts', 'locked_prompt'],
    ['resources/list', 'resources', 'locked'],
    ['resources/templates/list', 'resourceTemplates', 'template'],
  ])('%s shows what the caller may use', async (method, member, name) => {
    const names = async (who: string) => {
      const { body, text } = await send(tokens[who] ?? '', method, {});
      const answer = body ?? JSON.parse(/^data: (.*)$/m.exec(text)?.[1] ?? '{}');
      return (answer.result[member] as { name: string }[]).map((one) => one.name);
    };
    expect(await names('both scopes')).toContain(name);
    expect(await names('neither scope')).not.toContain(name);
  });
});

test.each(['tools/list', 'prompts/list', 'resources/list', 'resources/templates/list'])(
  'R20: %s, which varies by caller, is private to each',
  async (method) => {
    const { body } = await SENDERS['2026-07-28'](tokens['both scopes'] ?? '', method, {});
    expect(body.result.cacheScope).toBe('private');
  },
);

describe('2026-07-28: the headers say what the body says', () => {
  const list = (
    headers: Record<string, string>,
    params: Record<string, unknown> = {},
    method = 'tools/list',
  ) => SENDERS['2026-07-28'](tokens['both scopes'] ?? '', method, params, headers);

  test.each([
    ['another method', { 'Mcp-Method': 'tools/call' }, -32_020],
    ['another revision', { 'MCP-Protocol-Version': '2025-11-25' }, -32_020],
  ])('%s is 400', async (_what, headers, code) => {
    const answer = await list(headers);
    expect([answer.status, answer.body.error.code]).toEqual([400, code]);
  });

  test('the name of a tool that is allowed does not let in another', async () => {
    const params = { name: 'test_tool_with_progress', arguments: {} };
    const answer = await SENDERS['2026-07-28'](tokens['the scope of the class'] ?? '', 'tools/call', params, {
      'Mcp-Name': 'test_simple_text',
    });
    expect(answer.status).toBe(403);
    const mixed = await list({ 'Mcp-Name': 'test_simple_text' }, params, 'tools/call');
    expect([mixed.status, mixed.body.error.code]).toEqual([400, -32_020]);
  });

  test('server/discover tells the revision, and an unknown method is 404', async () => {
    const found = await list({}, {}, 'server/discover');
    expect(found.body.result).toMatchObject({ supportedVersions: ['2026-07-28'] });
    const unknown = await list({}, {}, 'no/such');
    expect([unknown.status, unknown.body.error.code]).toEqual([404, -32_601]);
  });

  test('what was sealed for one caller is refused from another', async () => {
    const name = 'test_input_required_result_request_state';
    const _meta = { ...META, 'io.modelcontextprotocol/clientCapabilities': { elicitation: {} } };
    const round = (who: string, more: object) =>
      service.call('POST', '/mcp', {
        bearer: tokens[who] ?? '',
        body: { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: {}, ...more, _meta } },
        headers: { Accept, 'MCP-Protocol-Version': '2026-07-28', 'Mcp-Method': 'tools/call', 'Mcp-Name': name },
      });
    const { requestState } = (await round('both scopes', {})).body.result;
    const more = { requestState, inputResponses: { confirm: { action: 'accept', content: { ok: true } } } };
    expect((await round('both scopes', more)).text).toContain('state-ok');
    expect((await round('the scope of the class', more)).body.error.code).toBe(-32_602);
  }); // prettier-ignore
});

test('a batch is refused in every era, also in a session', async () => {
  const call = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'whoami', arguments: {} } };
  for (const headers of [{}, { 'Mcp-Session-Id': 'x'.repeat(43) }, { 'MCP-Protocol-Version': '2025-03-26' }])
    expect((await service.call('POST', '/mcp', { bearer: tokens['both scopes'] ?? '', body: [call], headers })).status).toBe(400); // prettier-ignore
});

test('notes are read as resources by their owner alone, and make a prompt', async () => {
  const [owner, other] = await Promise.all([service.person(), service.person()]);
  const send = SENDERS['2026-07-28'];
  const written = await send(owner.accessToken, 'tools/call', {
    name: 'notes_write',
    arguments: { title: 'Groceries', body: 'Buy quinces' },
  });
  const uri = `notes://note/${String(written.body.result.structuredContent.id)}`;
  const listed = await send(owner.accessToken, 'resources/list', {});
  expect(listed.text).toContain(uri);
  expect((await send(other.accessToken, 'resources/list', {})).text).not.toContain(uri);
  expect((await send(owner.accessToken, 'resources/read', { uri })).text).toContain('Buy quinces');
  const refused = await send(other.accessToken, 'resources/read', { uri });
  expect(refused.body.error).toMatchObject({ code: -32_602, data: { uri } });
  const prompt = { name: 'notes_review', arguments: { topic: 'quinces' } };
  expect((await send(owner.accessToken, 'prompts/get', prompt)).text).toContain('Buy quinces');
  expect((await send(other.accessToken, 'prompts/get', prompt)).text).toContain('no such notes');
});
