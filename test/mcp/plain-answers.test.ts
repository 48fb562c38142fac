import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startTestService, type TestService } from '../support/harness.js';

/*
 * The SDK is the oracle: a request whose media type has a parameter is no plain request, so the same message is answered
 * once by us and once by the SDK.
 */
let service: TestService;
const bearers: Record<string, string> = {};
beforeAll(async () => {
  service = await startTestService();
  bearers['writer'] = (await service.person()).accessToken;
  bearers['reader'] = (await service.person('notes:read')).accessToken;
});
afterAll(() => service.stop());

const BOTH = 'application/json, text/event-stream';
const ENVELOPE = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': { sampling: {} },
  'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
};

interface Case {
  readonly method: string;
  readonly params?: Record<string, unknown>;
  readonly meta?: Record<string, unknown>;
  readonly id?: unknown;
  readonly headers?: Record<string, string>;
}

async function ask(
  bearer: string,
  { method, params, meta, id = 1, headers }: Case,
  era: string,
  type: string,
) {
  const modern = era === '2026-07-28';
  const _meta = { ...(modern ? ENVELOPE : {}), ...meta };
  const standing: Record<string, string> = modern
    ? { 'Mcp-Method': method, ...(typeof params?.['name'] === 'string' && { 'Mcp-Name': params['name'] }) }
    : {};
  const answer = await service.call('POST', '/mcp', {
    bearer,
    body: JSON.stringify({
      jsonrpc: '2.0',
      id,
      method,
      params: { ...params, ...(Object.keys(_meta).length > 0 && { _meta }) },
    }),
    headers: {
      Accept: BOTH, 'MCP-Protocol-Version': era, ...standing, ...headers, 'Content-Type': type,
    }, // prettier-ignore
  });
  const message = /^data: (\{.*)$/m.exec(answer.text)?.[1] ?? answer.text;
  return { status: answer.status, stream: message !== answer.text, message: JSON.parse(message) as unknown };
}

const CALL = 'tools/call';
const CASES: readonly [string, Case][] = [
  ['the list', { method: 'tools/list' }],
  ['the list again', { method: 'tools/list', id: 'two' }],
  ['the list from a page', { method: 'tools/list', params: { cursor: 'x' } }],
  ['a call', { method: CALL, params: { name: 'whoami', arguments: {} } }],
  ['a call without arguments', { method: CALL, params: { name: 'whoami' }, id: 'a"b' }],
  ['a call with defaults', { method: CALL, params: { name: 'notes_list', arguments: {} } }],
  ['a call with progress', { method: CALL, params: { name: 'notes_list' }, meta: { progressToken: 'p' } }],
  ['a call with bad progress', { method: CALL, params: { name: 'notes_list' }, meta: { progressToken: {} } }],
  ['a call with a progress token too large', { method: CALL, params: { name: 'notes_list' }, meta: { progressToken: 1e21 } }],
  ['a call of a client with a title', { method: CALL, params: { name: 'whoami' }, meta: { 'io.modelcontextprotocol/clientInfo': { name: 'a', version: '1', title: 'A' } } }],
  ['a call of a client with a bad title', { method: CALL, params: { name: 'whoami' }, meta: { 'io.modelcontextprotocol/clientInfo': { name: 'a', version: '1', title: 7 } } }],
  ['bad input', { method: CALL, params: { name: 'notes_list', arguments: { limit: 1e6, offset: -1 } } }],
  ['input of another shape', { method: CALL, params: { name: 'notes_list', arguments: [] } }],
  ['unknown input', { method: CALL, params: { name: 'notes_list', arguments: { x: 1 } } }],
  ['input with __proto__', { method: CALL, params: { name: 'notes_list', arguments: { limit: {} } } }],
  ['an unknown tool', { method: CALL, params: { name: 'toString', arguments: {} } }],
  ['no tool', { method: CALL, params: {} }],
  ['a fraction as id', { method: 'tools/list', id: 1.5 }],
  ['null as id', { method: 'tools/list', id: null }],
  ['a header that names another tool', {
    method: CALL, params: { name: 'whoami' }, headers: { 'Mcp-Name': 'notes_list' },
  }],
  ['a header that names another method', { method: 'tools/list', headers: { 'Mcp-Method': CALL } }],
  ['an unknown version', { method: 'tools/list', headers: { 'MCP-Protocol-Version': '2019-01-01' } }],
  ['capabilities of another shape', {
    method: 'tools/list', meta: { 'io.modelcontextprotocol/clientCapabilities': { sampling: 7 } },
  }],
  ['a client of another shape', {
    method: 'tools/list', meta: { 'io.modelcontextprotocol/clientInfo': { name: 7 } },
  }],
  ['a foreign member in _meta', { method: 'tools/list', meta: { 'example.com/x': 1 } }],
]; // prettier-ignore

describe.each(['2026-07-28', '2025-11-25', '2025-06-18'])('%s', (era) => {
  describe.each(['writer', 'reader'])('a %s', (who) => {
    test.each(CASES)('%s: answered as the SDK answers', async (_name, message) => {
      const bearer = bearers[who] ?? '';
      const ours = await ask(bearer, message, era, 'application/json');
      const theirs = await ask(bearer, message, era, 'application/json; charset=utf-8');
      expect({ ...ours, stream: theirs.stream }).toEqual(theirs);
    });
  });
});

test('two who see different tools never share a list', async () => {
  const names = async (who: string) => {
    const { message } = await ask(
      bearers[who] ?? '',
      { method: 'tools/list' },
      '2026-07-28',
      'application/json',
    );
    return (message as { result: { tools: { name: string }[] } }).result.tools.map(({ name }) => name);
  };
  for (const _round of [1, 2]) {
    expect(await names('reader')).toEqual(['notes_list', 'notes_search', 'whoami']);
    expect(await names('writer')).toContain('notes_delete');
  }
});

test('a plain call takes no stream, also from a client of 2025', async () => {
  const call: Case = { method: CALL, params: { name: 'whoami' } };
  expect((await ask(bearers['reader'] ?? '', call, '2025-11-25', 'application/json')).stream).toBe(false);
});

describe('what no parser should read two ways is admitted alike by both', () => {
  const call = (params: string, more = '') =>
    `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":${params}${more}}`;
  test.each([
    [
      'a method twice, the call last',
      '{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/call","params":{"name":"notes_write","arguments":{"title":"x","body":""}}}',
    ],
    ['a method twice, the call first', call('{"name":"notes_write"}', ',"method":"ping"')],
    ['a name twice', call('{"name":"whoami","name":"notes_write","arguments":{"title":"x","body":""}}')],
    ['a name in another case', call('{"name":"whoami","Name":"notes_write"}')],
    ['a prototype', call('{"name":"whoami","__proto__":{"name":"notes_write"}}')],
    [
      'a constructor with a prototype',
      call('{"name":"whoami","constructor":{"prototype":{"name":"notes_write"}}}'),
    ],
    ['a name of Object.prototype', call('{"name":"constructor","arguments":{}}')],
    ['an id past 2^53', call('{"name":"whoami"}').replace('"id":1', '"id":12345678901234567890')],
    ['an id with a fraction', call('{"name":"whoami"}').replace('"id":1', '"id":1.5')],
    ['an id that is null', call('{"name":"whoami"}').replace('"id":1', '"id":null')],
    [
      'a call as a notification',
      call('{"name":"notes_write","arguments":{"title":"x","body":""}}').replace('"id":1,', ''),
    ],
    ['a call that is also an answer', call('{"name":"whoami"}', ',"result":{}')],
    ['arguments that are null', call('{"name":"whoami","arguments":null}')],
    ['half a surrogate pair', call('{"name":"whoami\\ud800"}')],
    ['deep nesting', call(`{"name":"notes_list","arguments":{"x":${'['.repeat(5000)}${']'.repeat(5000)}}}`)],
    ['a byte order mark', `\ufeff${call('{"name":"whoami"}')}`],
    ['a batch of one', `[${call('{"name":"whoami"}')}]`],
  ])('%s', async (_name, body) => {
    const answers = [];
    for (const type of ['application/json', 'application/json; charset=utf-8']) {
      const headers = { Accept: BOTH, 'Content-Type': type };
      const { status, text } = await service.call('POST', '/mcp', {
        bearer: bearers['reader'] ?? '',
        body,
        headers,
      });
      answers.push([status, /^data: (\{.*)$/m.exec(text)?.[1] ?? text]);
    }
    expect(answers[0]?.[0]).toBe(answers[1]?.[0]);
    const parsed = answers.map(([, text]) => (text === '' ? '' : (JSON.parse(String(text)) as unknown)));
    expect(parsed[0]).toEqual(parsed[1]);
    expect(answers[0]?.[0]).toBeLessThan(500);
  });
});
