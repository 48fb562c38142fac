import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  Client as ModernClient,
  ClientCredentialsProvider,
  type OAuthClientProvider,
  PrivateKeyJwtProvider,
  StreamableHTTPClientTransport as ModernTransport,
} from '@modelcontextprotocol/client';
import type { OAuthClientProvider as LegacyProvider } from '@modelcontextprotocol/sdk/client/auth.js';
import { Client as LegacyClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as LegacyTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { exportJWK, exportPKCS8, generateKeyPair } from 'jose';
import { PostgresDocumentStore } from '../../src/oauth/clients/document-store.js';
import { startTestService, type Person, type TestService } from '../support/harness.js';
import { Browser } from '../support/oauth.js';
import { MemoryProvider } from './memory-provider.js';
import { makeClient } from './operator.js';
import { throughPages, type Tick } from './pages.js';

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.stop());

/** What the tests need of either SDK's pair of client and transport. */
interface Connection {
  connect(): Promise<void>;
  finish(callback: URLSearchParams): Promise<void>;
  call(name: string, args?: Record<string, unknown>): Promise<unknown>;
  close(): Promise<void>;
}

const url = () => new URL(`${service.url}/mcp`);

function modern(authProvider: OAuthClientProvider): Connection {
  const client = new ModernClient({ name: 'test', version: '1' });
  const transport = new ModernTransport(url(), { authProvider });
  return {
    connect: () => client.connect(transport),
    finish: (callback) => transport.finishAuth(callback),
    call: async (name, args = {}) => (await client.callTool({ name, arguments: args })).structuredContent,
    close: () => client.close(),
  };
}

function legacy(provider: MemoryProvider): Connection {
  const client = new LegacyClient({ name: 'test', version: '1' });
  const transport = new LegacyTransport(url(), { authProvider: provider as unknown as LegacyProvider });
  return {
    connect: () => client.connect(transport),
    finish: (callback) => transport.finishAuth(callback.get('code') ?? ''),
    call: async (name, args = {}) => (await client.callTool({ name, arguments: args })).structuredContent,
    close: () => client.close(),
  };
}

/** A person follows the link that the SDK made, and the callback's parameters come back. */
async function answered(provider: MemoryProvider, person: Person, tick?: Tick): Promise<URLSearchParams> {
  const link = provider.sentTo?.href ?? '';
  const location = await throughPages(new Browser(service.url), person, link, tick);
  const callback = new URL(location).searchParams;
  expect(callback.get('state')).toBe('st/a=te==');
  return callback;
}

/** The first connect ends at the person; with their answer the second one holds. */
async function connected(
  make: (provider: MemoryProvider) => Connection,
  provider: MemoryProvider,
  person: Person,
  tick?: Tick,
): Promise<Connection> {
  const first = make(provider);
  await expect(first.connect()).rejects.toThrow(/Unauthorized/);
  await first.finish(await answered(provider, person, tick));
  await first.close();
  const second = make(provider);
  await second.connect();
  return second;
}

const SDKS = [
  ['@modelcontextprotocol/client 2.x', modern],
  ['@modelcontextprotocol/sdk 1.x', legacy],
] as const;
const narrow: Tick = (boxes) => boxes.filter((box) => box === 'notes:read');

describe.each(SDKS)('%s', (_name, make) => {
  test('registers itself, connects, and refreshes once its token has expired', async () => {
    const provider = new MemoryProvider();
    const connection = await connected(make, provider, await service.person());
    expect(provider.information?.client_id).toMatch(/^tgc_/);
    expect(await connection.call('whoami')).toMatchObject({ client_id: provider.information?.client_id });

    const before = provider.stored?.access_token;
    service.clock.advance(service.config.ACCESS_TOKEN_TTL + 1);
    expect(await connection.call('notes_list')).toEqual({ notes: [] });
    expect(provider.stored?.access_token).not.toBe(before);
    await connection.close();
  });

  test.each(['client_secret_basic', 'client_secret_post'])(
    'connects as a client that an operator made, by %s',
    async (token_endpoint_auth_method) => {
      const provider = new MemoryProvider();
      const metadata = { ...provider.clientMetadata, token_endpoint_auth_method };
      provider.information = { ...(await makeClient(service, metadata)), issuer: service.config.issuer };
      const connection = await connected(make, provider, await service.person());
      expect(await connection.call('whoami')).toMatchObject({ client_id: provider.information.client_id });
      await connection.close();
    },
  );

  test('is known by its metadata document', async () => {
    const clientId = 'https://app.example/client.json';
    const { redirectUrl } = new MemoryProvider();
    const now = service.clock.now();
    // As if it had been fetched: the SDKs take https alone, and nothing here can answer that.
    await service.app.get(PostgresDocumentStore, { strict: false }).save(clientId, {
      document: {
        client_id: clientId,
        redirect_uris: [redirectUrl],
        token_endpoint_auth_method: 'none',
        token_endpoint_auth_methods: ['none'],
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        client_name: 'An app with a document',
      },
      fetchedAt: now,
      freshUntil: new Date(now.getTime() + 3_600_000),
    });
    const provider = new MemoryProvider(clientId);
    const connection = await connected(make, provider, await service.person());
    expect(await connection.call('whoami')).toMatchObject({ client_id: clientId });
    await connection.close();
  });
});

describe('a tool that needs more', () => {
  const write = (connection: Connection) => connection.call('notes_write', { title: 'more', body: '' });

  test('sends the person of @modelcontextprotocol/client 2.x to allow it', async () => {
    const provider = new MemoryProvider();
    const person = await service.person();
    const connection = await connected(modern, provider, person, narrow);
    expect(provider.stored?.scope).not.toContain('notes:write');
    await expect(write(connection)).rejects.toThrow(/Unauthorized/);
    expect(provider.sentTo?.searchParams.get('scope')).toContain('notes:write');
    await connection.finish(await answered(provider, person));
    expect(await write(connection)).toMatchObject({ title: 'more' });
    await connection.close();
  });

  test('makes @modelcontextprotocol/sdk 1.x refresh, which widens nothing; connecting anew does', async () => {
    const provider = new MemoryProvider();
    const person = await service.person();
    const connection = await connected(legacy, provider, person, narrow);
    const before = provider.stored?.refresh_token;
    await expect(write(connection)).rejects.toThrow('Server returned 403 after trying upscoping');
    expect(provider.stored?.refresh_token).not.toBe(before);
    await connection.close();
    provider.stored = undefined;
    const anew = await connected(legacy, provider, person);
    expect(await write(anew)).toMatchObject({ title: 'more' });
    await anew.close();
  });
});

describe('@modelcontextprotocol/client 2.x for itself', () => {
  const own = { grant_types: ['client_credentials'], own_scopes: ['notes:read'] };

  test('with a secret', async () => {
    const { client_id: clientId, client_secret: clientSecret = '' } = await makeClient(service, own);
    const expectedIssuer = service.config.issuer;
    const connection = modern(new ClientCredentialsProvider({ clientId, clientSecret, expectedIssuer }));
    await connection.connect();
    expect(await connection.call('whoami')).toMatchObject({
      kind: 'client',
      client_id: clientId,
      scopes: ['notes:read'],
    });
    await connection.close();
  });

  test.each(['ES256', 'RS256'])('with a key of its own, %s', async (algorithm) => {
    const pair = await generateKeyPair(algorithm, { extractable: true });
    const { client_id: clientId } = await makeClient(service, {
      ...own,
      token_endpoint_auth_method: 'private_key_jwt',
      jwks: { keys: [await exportJWK(pair.publicKey)] },
    });
    // The SDK signs by the real time, and the earlier tests have moved the service's.
    const fresh = await startTestService({
      databaseUrl: service.databaseUrl,
      masterKey: service.masterKey,
    });
    try {
      const provider = new PrivateKeyJwtProvider({
        clientId,
        privateKey: await exportPKCS8(pair.privateKey),
        algorithm,
        expectedIssuer: fresh.config.issuer,
      });
      const client = new ModernClient({ name: 'test', version: '1' });
      await client.connect(new ModernTransport(new URL(`${fresh.url}/mcp`), { authProvider: provider }));
      const { structuredContent } = await client.callTool({ name: 'whoami', arguments: {} });
      expect(structuredContent).toMatchObject({ kind: 'client', client_id: clientId });
      await client.close();
    } finally {
      await fresh.stop();
    }
  });
});
