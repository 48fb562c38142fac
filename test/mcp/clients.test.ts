import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  Client as ModernClient,
  StreamableHTTPClientTransport as ModernTransport,
} from '@modelcontextprotocol/client';
import { Client as LegacyClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as LegacyTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { startTestService, type TestService } from '../support/harness.js';

let service: TestService;
const credentials: Record<string, Record<string, string>> = {};
beforeAll(async () => {
  service = await startTestService();
  const person = await service.person();
  const made = await service.call('POST', '/keys', { bearer: person.accessToken, body: { name: 'agent' } });
  credentials['a JWT'] = { Authorization: `Bearer ${person.accessToken}` };
  credentials['an API key as bearer'] = { Authorization: `Bearer ${made.body.key}` };
  credentials['an API key in X-API-Key'] = { 'X-API-Key': made.body.key };
});
afterAll(() => service.stop());

interface AnyClient {
  listTools(): Promise<{ tools: { name: string }[] }>;
  callTool(call: {
    name: string;
    arguments: Record<string, unknown>;
  }): Promise<{ structuredContent?: unknown; isError?: unknown }>;
  close(): Promise<void>;
}
async function modern(headers: Record<string, string>): Promise<AnyClient> {
  const client = new ModernClient({ name: 'test', version: '1' });
  await client.connect(new ModernTransport(new URL(`${service.url}/mcp`), { requestInit: { headers } }));
  return client;
}
async function legacy(headers: Record<string, string>): Promise<AnyClient> {
  const client = new LegacyClient({ name: 'test', version: '1' });
  const transport = new LegacyTransport(new URL(`${service.url}/mcp`), { requestInit: { headers } });
  await client.connect(transport);
  return client as unknown as AnyClient;
}

describe.each([
  ['@modelcontextprotocol/client 2.x', modern],
  ['@modelcontextprotocol/sdk 1.x', legacy],
])('%s', (_name, connect) => {
  test.each(['a JWT', 'an API key as bearer', 'an API key in X-API-Key'])(
    'lists and calls tools with %s',
    async (credential) => {
      const client = await connect(credentials[credential] ?? {});
      const { tools } = await client.listTools();
      expect(tools.map(({ name }) => name).sort()).toEqual([
        'notes_delete',
        'notes_list',
        'notes_search',
        'notes_write',
        'whoami',
      ]);
      const title = `50% of ${credential}_`;
      const written = await client.callTool({ name: 'notes_write', arguments: { title, body: 'text' } });
      expect(written.structuredContent).toMatchObject({ title });
      const found = await client.callTool({ name: 'notes_search', arguments: { query: title } });
      expect((found.structuredContent as { notes: unknown[] }).notes.length).toBeGreaterThan(0);
      const bad = await client
        .callTool({ name: 'notes_list', arguments: { limit: 100_000 } })
        .catch(() => ({ isError: true }));
      expect(bad.isError).toBe(true);
      await client.close();
    },
  );
});

describe('scopes', () => {
  const call = {
    jsonrpc: '2.0',
    id: 1,
    method: 'tools/call',
    params: { name: 'notes_write', arguments: { title: 'x', body: '' } },
  };

  test('a call without the scope is 403 and names all that is needed; a batch cannot smuggle it in', async () => {
    const { accessToken } = await service.person('notes:read');
    const answer = await service.call('POST', '/mcp', { bearer: accessToken, body: call });
    expect(answer.status).toBe(403);
    expect(answer.headers.get('www-authenticate')).toContain(
      'scope="notes:write", error="insufficient_scope"',
    );
    expect((await service.call('POST', '/mcp', { bearer: accessToken, body: [call] })).status).toBe(400);
  });

  test('tools/list shows what the caller may call', async () => {
    const { accessToken } = await service.person('notes:read');
    const client = await modern({ Authorization: `Bearer ${accessToken}` });
    expect((await client.listTools()).tools.map(({ name }) => name).sort()).toEqual([
      'notes_list',
      'notes_search',
      'whoami',
    ]);
    await client.close();
  });

  test('notes belong to their user', async () => {
    const [one, other] = await Promise.all([service.person(), service.person()]);
    const mine = await modern({ Authorization: `Bearer ${one.accessToken}` });
    const theirs = await modern({ Authorization: `Bearer ${other.accessToken}` });
    const { structuredContent } = await mine.callTool({
      name: 'notes_write',
      arguments: { title: 'mine', body: 'b' },
    });
    const { id } = structuredContent as { id: string };
    expect(
      (await theirs.callTool({ name: 'notes_write', arguments: { id, title: 'taken', body: '' } })).isError,
    ).toBe(true);
    expect((await theirs.callTool({ name: 'notes_delete', arguments: { id } })).structuredContent).toEqual({
      deleted: false,
    });
    expect((await theirs.callTool({ name: 'notes_list', arguments: {} })).structuredContent).toEqual({
      notes: [],
    });
    await Promise.all([mine.close(), theirs.close()]);
  });

  test('a foreign Origin is refused', async () => {
    const { accessToken } = await service.person();
    const answer = await service.call('POST', '/mcp', {
      bearer: accessToken,
      body: call,
      headers: { Origin: 'https://evil.example' },
    });
    expect(answer.status).toBe(403);
  });
});

test.each(['', '/mcp'])('the resource metadata is at the form %j', async (path) => {
  const answer = await service.call('GET', `/.well-known/oauth-protected-resource${path}`);
  expect(answer.body).toMatchObject({
    resource: `${service.url}/mcp`,
    authorization_servers: [service.url],
    scopes_supported: ['notes:read', 'notes:write'],
  });
});
