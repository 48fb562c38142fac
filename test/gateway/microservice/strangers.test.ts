import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { startTestService, type TestService } from '../../support/harness.js';
import { ask } from '../../support/message-table.js';
import { operator } from '../../support/operator.js';
import { frame, portOf, rawPeer, sendUnread, TCP, tcpClient, until } from './support.js';

let service: TestService;
let caller: { client_id: string; client_secret: string };
beforeAll(async () => {
  service = await startTestService({ env: TCP });
  caller = await (await operator(service)).server(service.config.resource);
});
afterAll(() => service.stop());

/** Whatever a stranger did, the next honest caller is served. */
afterEach(async () => {
  const client = tcpClient(portOf(service));
  expect(await ask(client, 'auth.introspect', { ...caller, token: 'x' })).toEqual({
    answer: { active: false },
  });
  await client.close();
});

const NESTED = 10_000;
const nested = '['.repeat(NESTED) + ']'.repeat(NESTED);
const frameOfText = (text: string) => `${text.length}#${text}`;
test.each([
  ['no JSON', '5#hello'],
  ['a length that is none', 'abc#{}'],
  ['a negative length', '-5#{}'],
  ['an empty frame', '0#'],
  ['no length at all', 'x'.repeat(300_000)],
  ['an HTTP request', `GET / HTTP/1.1\r\nHost: ${'x'.repeat(300_000)}\r\n\r\n`],
  ['a length past all bounds', `999999999#${'x'.repeat(300_000)}`],
  ['a frame that is too long', frame({ id: '1', pattern: 'auth.verify', data: 'x'.repeat(300_000) })],
  ['bytes', '\u0000\u0001\ufffd'.repeat(300_000)],
])('%s closes the connection', async (_name, text) => {
  const peer = await rawPeer(portOf(service));
  peer.send(text);
  await peer.closed;
});

test.each([
  ['null', null],
  ['a list', []],
  ['a text', 'text'],
  ['no pattern', { id: '1', data: {} }],
  ['a pattern that is an object', { id: '1', pattern: { cmd: 'auth.verify' }, data: {} }],
  ['an event', { pattern: 'auth.verify', data: {} }],
])('what is no request is told so, and the connection closed: %s', async (_name, message) => {
  const peer = await rawPeer(portOf(service));
  peer.send(frame(message));
  await peer.closed;
  expect(peer.text()).toContain('"status":400');
});

test('an unknown pattern is answered, and deep data is an error', async () => {
  const peer = await rawPeer(portOf(service));
  peer.send(frame({ id: '1', pattern: 'auth.nothing', data: {} }));
  await until(() => peer.text().includes('There is no matching message handler'));
  peer.send(frameOfText(`{"id":"2","pattern":"auth.verify","data":${nested}}`));
  await until(() => peer.text().includes('"id":"2"'));
  expect(peer.text()).toContain('invalid_request');
  peer.send(frameOfText(`{"id":"3","pattern":${nested},"data":{}}`));
  await peer.closed;
});

test('half a frame is waited for a few seconds', async () => {
  const peer = await rawPeer(portOf(service));
  const since = Date.now();
  peer.send('50#{"id":');
  await peer.closed;
  expect(Date.now() - since).toBeLessThan(15_000);
});

test('who reads no answers is not listened to for long', async () => {
  const many = frame({ id: 'x'.repeat(200), pattern: 'auth.nothing', data: {} }).repeat(1000);
  const most = 100 * 1024 * 1024;
  expect(await sendUnread(portOf(service), many, most)).toBeLessThan(most);
});

test('a flood of wrong secrets is refused, counted and cut off', async () => {
  const guess = (n: number) => ({
    id: String(n),
    pattern: 'auth.introspect',
    data: { client_id: caller.client_id, client_secret: `guess-${n}`, token: 'x' },
  });
  const peer = await rawPeer(portOf(service));
  for (let n = 0; n < 200; n += 1) peer.send(frame(guess(n)));
  await peer.closed;
  const statuses = [...peer.text().matchAll(/"status":(\d+)/g)].map(([, status]) => Number(status));
  const guesses = statuses.filter((status) => status === 401);
  expect(guesses.length).toBeGreaterThan(0);
  expect(guesses.length).toBeLessThanOrEqual(50);
  expect(new Set(statuses)).toEqual(new Set([401, 429]));
});
