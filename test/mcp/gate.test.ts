import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  Client as ModernClient,
  StreamableHTTPClientTransport as ModernTransport,
} from '@modelcontextprotocol/client';
import { Client as LegacyClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as LegacyTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { PASSWORD, setScopes, startTestService, type TestService } from '../support/harness.js';
import { queryOnce } from '../support/postgres.js';
import { asked, callTool, GateFixtures, runs } from './gate-fixtures.js';

let one: TestService;
let two: TestService;
beforeAll(async () => {
  const env = { POLICY_TIMEOUT_MS: '200', MCP_CALL_LIMIT: '250' };
  one = await startTestService({ env, modules: [GateFixtures] });
  const { databaseUrl, masterKey, url: publicUrl } = one;
  two = await startTestService({ env, modules: [GateFixtures], databaseUrl, masterKey, publicUrl });
});
afterAll(async () => {
  await Promise.all([one.stop(), two.stop()]);
});

async function personWith(...scopes: string[]): Promise<string> {
  const { email } = await one.person();
  await setScopes(one, email, scopes);
  const login = await one.call('POST', '/auth/login', { body: { email, password: PASSWORD } });
  return login.body.access_token as string;
}

describe('scopes of a tool', () => {
  test.each([['ledger:read'], ['ledger:close'], ['mcp:write']])(
    'of its class and its method add up: %s alone is refused, and both are named',
    async (scope) => {
      const before = runs.ledger;
      const answer = await callTool(one, await personWith(scope), 'ledger');
      expect(answer.status).toBe(403);
      expect(answer.headers.get('www-authenticate')).toContain('error="insufficient_scope"');
      expect(String(answer.body.scope).split(' ').sort()).toEqual(['ledger:close', 'ledger:read']);
      expect(runs.ledger).toBe(before);
    },
  );

  test('both together are enough', async () => {
    const answer = await callTool(one, await personWith('ledger:read', 'ledger:close'), 'ledger');
    expect(answer.text).toContain('"ran"');
  });

  test('nothing in a message but its method and name decides: what is beside them smuggles no call in', async () => {
    const bearer = await personWith('notes:read');
    const before = runs.ledger;
    const call = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'ledger', arguments: {} } };
    const bodies = [
      JSON.stringify([call]),
      JSON.stringify([[call]]),
      JSON.stringify({ 0: call, length: 1 }),
      JSON.stringify({ ...call, method: 'Tools/Call' }),
      JSON.stringify({ ...call, params: { name: ['ledger'], arguments: {} } }),
      JSON.stringify({ ...call, params: [call.params] }),
      JSON.stringify({ ...call, method: 'ping', messages: [call] }),
      // The last of two equal names counts, for the gate and for the dispatch.
      `{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/call","params":{"name":"whoami","name":"ledger","arguments":{}}}`,
    ];
    for (const body of bodies) {
      const headers = { Accept: 'application/json, text/event-stream' };
      const answer = await one.call('POST', '/mcp', { bearer, body, headers });
      expect([body, answer.status < 500, answer.text.includes('"ran"')]).toEqual([body, true, false]);
    }
    expect(runs.ledger).toBe(before);
  });
});

describe('what a tool lets slip', () => {
  test.each([
    ['spilling', 'throws'],
    ['spilling', 'promises otherwise'],
    ['spilling_plain', 'throws'],
    ['spilling_plain', 'promises otherwise'],
  ])('R19: of %s, which %s, its caller reads that it failed and not how', async (tool, word) => {
    const answer = await callTool(one, (await one.person()).accessToken, tool, { word });
    expect(answer.text).toContain('"isError":true');
    expect(answer.text).not.toContain('inside');
  });
});

describe('limits of calls', () => {
  test('50 at once over two replicas: exactly as many run as the tool allows', async () => {
    const { accessToken } = await one.person();
    const before = runs.limited;
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, n) => callTool(n % 2 ? one : two, accessToken, 'limited')),
    );
    const count = (status: number) => answers.filter((answer) => answer.status === status).length;
    expect([count(200), count(429), runs.limited - before]).toEqual([20, 30, 20]);
    const refused = answers.find(({ status }) => status === 429);
    const wait = Number(refused?.headers.get('retry-after'));
    expect(wait).toBeGreaterThan(3500);
    expect(wait).toBeLessThanOrEqual(3600);
    expect(refused?.body).toEqual({
      jsonrpc: '2.0',
      id: 'call of limited',
      error: {
        code: -32005,
        message: expect.stringContaining('20 in 3600 seconds'),
        data: { code: 'rate_limited', help: expect.any(String), retry_after: expect.any(Number) },
      },
    });
    // Another caller has a count of their own.
    expect((await callTool(one, (await one.person()).accessToken, 'limited')).status).toBe(200);
  });

  test('more keys are not more calls: a person has one count', async () => {
    const person = await one.person();
    const made = await one.call('POST', '/keys', { bearer: person.accessToken, body: { name: 'more' } });
    for (let n = 0; n < 20; n += 1) await callTool(one, made.body.key, 'limited');
    expect((await callTool(one, person.accessToken, 'limited')).status).toBe(429);
  });

  test('calls of all kinds count together, over both replicas, and cost Postgres a hundredth of a round trip each', async () => {
    const { id, accessToken } = await one.person();
    let [allowed, refused] = [0, 0];
    for (let round = 0; round < 6; round += 1) {
      const answers = await Promise.all(
        Array.from({ length: 50 }, (_, n) => callTool(n % 2 ? one : two, accessToken, 'whoami')),
      );
      allowed += answers.filter(({ status }) => status === 200).length;
      refused += answers.filter(({ status }) => status === 429).length;
    }
    // A lease is two calls here: at most one of it is left unused on the other replica.
    expect(allowed).toBeLessThanOrEqual(250);
    expect(allowed).toBeGreaterThanOrEqual(248);
    expect(allowed + refused).toBe(300);
    const rows = await queryOnce<{ points: number }>(
      one.databaseUrl,
      'SELECT points FROM rate_limits WHERE key = $1',
      [`call:all user ${id}`],
    );
    // Refused calls are refused from memory, once each replica knows.
    expect(rows[0]?.points).toBeLessThanOrEqual(250 + 2 * 2);
  });

  test('lists and handshakes are not counted', async () => {
    const { accessToken } = await one.person();
    for (let n = 0; n < 20; n += 1) await callTool(one, accessToken, 'limited');
    expect((await callTool(one, accessToken, 'limited')).status).toBe(429);
    const list = await one.call('POST', '/mcp', {
      bearer: accessToken,
      headers: { Accept: 'application/json, text/event-stream' },
      body: { jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} },
    });
    expect(list.status).toBe(200);
  });

  test.each(['@modelcontextprotocol/client 2.x', '@modelcontextprotocol/sdk 1.x'])(
    '%s is told at once and in words',
    async (sdk) => {
      const { accessToken } = await one.person();
      for (let n = 0; n < 20; n += 1) await callTool(one, accessToken, 'limited');
      const url = new URL(`${one.url}/mcp`);
      const requestInit = { headers: { Authorization: `Bearer ${accessToken}` } };
      const call = { name: 'limited', arguments: {} };
      let failure: unknown;
      if (sdk.startsWith('@modelcontextprotocol/client')) {
        const client = new ModernClient({ name: 'test', version: '1' });
        await client.connect(new ModernTransport(url, { requestInit }));
        failure = await client.callTool(call).catch((error: unknown) => error);
        await client.close();
      } else {
        const client = new LegacyClient({ name: 'test', version: '1' });
        await client.connect(new LegacyTransport(url, { requestInit }));
        failure = await client.callTool(call).catch((error: unknown) => error);
        await client.close();
      }
      expect(failure).toBeInstanceOf(Error);
      expect(`${String(failure)} ${JSON.stringify(failure)}`).toContain('Too many calls');
    },
  );
});

describe('policies', () => {
  test('one that allows is asked once per call', async () => {
    const { accessToken } = await one.person();
    const [ran, times] = [runs.watched, asked.times];
    expect((await callTool(one, accessToken, 'watched', { word: 'please' })).status).toBe(200);
    expect([runs.watched - ran, asked.times - times]).toEqual([1, 1]);
  });

  test('a denial says why, and is no challenge to get more scopes', async () => {
    const { accessToken } = await one.person();
    const ran = runs.watched;
    const answer = await callTool(one, accessToken, 'watched', { word: 'deny' });
    expect(answer.status).toBe(403);
    expect(answer.headers.get('www-authenticate')).toBeNull();
    expect(answer.body).toMatchObject({
      id: 'call of watched',
      error: { code: -32003, message: 'That word is not said here.', data: { code: 'policy_denied' } },
    });
    expect(runs.watched).toBe(ran);
  });

  test.each(['throw', 'reject', 'hang', 'nonsense'])('one that would %s denies', async (word) => {
    const { accessToken } = await one.person();
    const ran = runs.watched;
    const answer = await callTool(one, accessToken, 'watched', { word });
    expect(answer.status).toBe(403);
    expect(answer.body.error.message).toBe(
      'It could not be decided whether this call is allowed. Try again later.',
    );
    expect(answer.text).not.toContain('broken');
    expect(runs.watched).toBe(ran);
  });

  test('it is not asked about a call that lacks a scope', async () => {
    const times = asked.times;
    await callTool(one, await personWith('notes:read'), 'ledger');
    expect(asked.times).toBe(times);
  });
});
