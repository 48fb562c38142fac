import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { ClientDocumentError } from '../../../src/oauth/client-documents/client-document-error.js';
import { ClientDocuments } from '../../../src/oauth/client-documents/client-documents.js';
import { OutboundError } from '../../../src/outbound/outbound-error.js';
import { Outbound } from '../../../src/outbound/outbound.js';
import { json, type LocalServer, serve } from '../../outbound/servers.js';
import { MemoryStore, MovedClock, redirectUriProblem } from './support.js';

const DAY = 86_400;
const CLAUDE = 'https://claude.ai/oauth/mcp-oauth-client-metadata';
let server: LocalServer;
let url: string;
let clock: MovedClock;
let store: MemoryStore;
let warnings: string[];
let documents: ClientDocuments;

const named = (client_name: string) => ({
  client_id: url,
  client_name,
  redirect_uris: ['http://127.0.0.1/callback'],
});
const nobody = { lookup: () => Promise.reject(Object.assign(new Error('no'), { code: 'ENOTFOUND' })) };
const make = (outbound: Outbound) =>
  new ClientDocuments({
    outbound, clock, store, redirectUriProblem, allowLoopback: true, warn: (words) => void warnings.push(words),
  }); // prettier-ignore
const nameNow = async () => (await documents.get(url)).client_name;

beforeEach(async () => {
  server = await serve(() => undefined);
  url = `${server.url}/client.json`;
  server.answer = json(named('First'), { 'cache-control': 'max-age=300' });
  clock = new MovedClock();
  store = new MemoryStore();
  warnings = [];
  documents = make(new Outbound({ allowLoopback: true, timeoutMs: 500 }));
});
afterEach(() => server.stop());

test('a document is fetched once while it is fresh, and again after', async () => {
  expect(await nameNow()).toBe('First');
  server.answer = json(named('Second'));
  clock.pass(299);
  expect(await nameNow()).toBe('First');
  expect(server.count).toBe(1);
  clock.pass(1);
  expect(await nameNow()).toBe('Second');
  expect(server.count).toBe(2);
  expect(store.kept.get(url)).toMatchObject({
    document: { client_name: 'Second' },
    fetchedAt: clock.now(),
    freshUntil: new Date(clock.now().getTime() + 3_600_000),
  });
});

test('another replica uses what the first one stored', async () => {
  await nameNow();
  documents = make(new Outbound(nobody));
  expect(await nameNow()).toBe('First');
});

test('fifty at once are one request', async () => {
  server.answer = (request, response) =>
    void sleep(50).then(() => {
      json(named('First'))(request, response);
    });
  const all = await Promise.all(Array.from({ length: 50 }, () => documents.get(url)));
  expect(new Set(all.map((document) => document.client_name))).toEqual(new Set(['First']));
  expect(server.count).toBe(1);
});

test.each([
  ['an error', json({}, {}, 503)],
  ['a redirect', json({}, { location: '/elsewhere' }, 302)],
  [
    'an invalid document',
    json({ client_id: 'https://other.example/x', redirect_uris: ['https://x.example/'] }),
  ],
  ['no JSON', json({}, { 'content-type': 'text/html' })],
  ['6 KB', json({ padding: 'x'.repeat(6000) })],
])('%s is not stored, and the last good document serves for seven days (spec S23)', async (_what, bad) => {
  await nameNow();
  const good = store.kept.get(url);
  server.answer = bad;
  clock.pass(301);
  expect(await nameNow()).toBe('First');
  expect(warnings).toHaveLength(1);
  expect(warnings[0]).toContain(`${url}: using the copy of 2026-10-01T12:00:00.000Z. `);
  expect(store.kept.get(url)).toBe(good);
  clock.pass(7 * DAY - 301);
  expect(await nameNow()).toBe('First');
  clock.pass(1);
  await expect(documents.get(url)).rejects.toBeInstanceOf(ClientDocumentError);
});

test('a document that was never good is an error that says why, and is not stored', async () => {
  server.answer = json({}, {}, 404);
  const error: unknown = await documents.get(url).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ reason: 'unreachable', message: `${url} answers 404. It must answer 200.` });
  expect((error as Error).cause).toBeInstanceOf(OutboundError);
  expect(store.kept.size).toBe(0);
});

test('a URL that fails is left alone for ten seconds, and tried again then', async () => {
  server.answer = json({}, {}, 500);
  for (let i = 0; i < 20; i += 1) await expect(documents.get(url)).rejects.toThrow('answers 500');
  expect(server.count).toBe(1);
  server.answer = json(named('Mended'));
  clock.pass(9);
  await expect(documents.get(url)).rejects.toThrow('answers 500');
  clock.pass(1);
  expect(await nameNow()).toBe('Mended');
  expect(server.count).toBe(2);
});

test('one URL that fails is no hindrance to another of the same host', async () => {
  server.answer = (request, response) => {
    json(
      request.url === '/client.json' ? named('First') : {},
      {},
      request.url === '/client.json' ? 200 : 404,
    )(request, response);
  };
  await expect(documents.get(`${server.url}/bad.json`)).rejects.toThrow('404');
  expect(await nameNow()).toBe('First');
});

test('a store that fails is not taken for a failing URL', async () => {
  const save = store.save.bind(store);
  store.save = () => Promise.reject(new Error('database is away'));
  await expect(documents.get(url)).rejects.toThrow('database is away');
  store.save = save;
  expect(await nameNow()).toBe('First');
});

test('a well-known client that cannot be reached is known by the bundled copy', async () => {
  documents = make(new Outbound(nobody));
  const document = await documents.get(CLAUDE);
  expect(document.redirect_uris).toEqual(['https://claude.ai/api/mcp/auth_callback']);
  expect(warnings[0]).toContain('using the copy that came with this release');
  expect(store.kept.size).toBe(0);
  await expect(documents.get('https://claude.ai/oauth/other')).rejects.toMatchObject({
    reason: 'unreachable',
  });
});

test('a stored copy goes before the bundled one', async () => {
  documents = make(new Outbound(nobody));
  const document = { ...(await documents.get(CLAUDE)), client_name: 'Claude, newer' };
  store.kept.set(CLAUDE, { document, fetchedAt: clock.now(), freshUntil: clock.now() });
  expect((await documents.get(CLAUDE)).client_name).toBe('Claude, newer');
});

test.each(['https://example.com/', 'https://example.com/a/../b', 'http://example.com/c', 'x'])(
  '%s is refused before anything is looked up',
  async (clientId) => {
    store.find = () => Promise.reject(new Error('was asked'));
    await expect(documents.get(clientId)).rejects.toMatchObject({ reason: 'client_id' });
  },
);

test.each([
  'https://10.0.0.1/c',
  'https://169.254.169.254/latest',
  'https://[::ffff:a9fe:a9fe]/c',
  'https://localhost/c',
])('%s is not fetched (spec S24)', async (clientId) => {
  documents = make(new Outbound());
  await expect(documents.get(clientId)).rejects.toMatchObject({
    reason: 'unreachable',
    cause: { reason: 'address' },
  });
});
