import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { ResolvedAddress } from '../../src/outbound/guarded-connector.js';
import { OutboundError } from '../../src/outbound/outbound-error.js';
import { Outbound, type OutboundOptions } from '../../src/outbound/outbound.js';
import { json, type LocalServer, serve } from './servers.js';

const LIMITS = { maxBytes: 5 * 1024 };
let server: LocalServer;
beforeEach(async () => {
  server = await serve(json({ hello: 'world' }));
});
afterEach(() => server.stop());

/** What the fetch was refused for; fails the test when it was not. */
async function refusal(url: string, options: OutboundOptions = { allowLoopback: true }) {
  const error: unknown = await new Outbound(options).fetchJson(url, LIMITS).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(OutboundError);
  return error as OutboundError;
}
const to =
  (...addresses: string[]) =>
  (): Promise<ResolvedAddress[]> =>
    Promise.resolve(addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })));

test('JSON comes back with its status and headers, and the request carries nothing of ours', async () => {
  let seen: unknown;
  server.answer = (request, response) => {
    seen = { method: request.method, url: request.url, headers: request.headers };
    json({ hello: 'world' }, { 'cache-control': 'max-age=300', 'set-cookie': 'a=b' })(request, response);
  };
  const outbound = new Outbound({ allowLoopback: true });
  const answer = await outbound.fetchJson(`${server.url}/a/b?c=d#e`, LIMITS);
  expect(answer.body).toEqual({ hello: 'world' });
  expect(answer.status).toBe(200);
  expect(answer.headers.get('cache-control')).toBe('max-age=300');
  const sent = { method: 'GET', url: '/a/b?c=d' };
  const headers = {
    accept: 'application/json',
    'accept-encoding': 'identity',
    connection: 'close',
    host: `127.0.0.1:${server.port}`,
    'user-agent': 'toolgate',
  };
  expect(seen).toEqual({ ...sent, headers });
  await outbound.fetchJson(`${server.url}/a/b?c=d`, LIMITS);
  expect(seen).toEqual({ ...sent, headers });
});

describe('addresses (spec S24)', () => {
  // Every spelling that the URL parser takes for 127.0.0.1, and the other special ones.
  test.each([
    '127.0.0.1', '2130706433', '0x7f000001', '017700000001', '127.1', '0177.0.0.1', '0x7f.1', '[::1]',
    '[::ffff:127.0.0.1]', '[::ffff:7f00:1]', '[::127.0.0.1]', '[64:ff9b::7f00:1]', '[2002:7f00:1::]', '0.0.0.0', '0',
    '10.0.0.1', '169.254.169.254', '2852039166', '192.168.1.1', '172.16.0.1', '100.64.0.1', '[fd00::1]', '[fe80::1]',
    '[ff02::1]', '[::]', '224.0.0.1', '192.0.2.1', 'localhost',
  ])('https://%s is refused', async (host) => {
    expect((await refusal(`https://${host}:${server.port}/x`, {})).reason).toBe('address');
    expect(server.count).toBe(0);
  }); // prettier-ignore

  test.each([
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '10.0.0.1',
    '169.254.169.254',
    '0.0.0.0',
    '[::]',
    '[fe80::1]',
  ])('allowing loopback does not allow http://%s', async (host) => {
    expect((await refusal(`http://${host}:${server.port}/x`)).reason).toBe('address');
    expect(server.count).toBe(0);
  });

  test('a name with a private address is refused, though its other addresses are public', async () => {
    const error = await refusal('https://mixed.test/x', { lookup: to('1.1.1.1', '10.0.0.5') });
    expect(error.reason).toBe('address');
    expect(error.message).toBe(
      'mixed.test is not on the public internet (private). Publish the document at a public address.',
    );
    expect((error.cause as Error).message).toBe('mixed.test is 10.0.0.5');
  });

  test('a resolver that changes its answer gets no second question (DNS rebinding)', async () => {
    const answers = ['127.0.0.1', '10.0.0.1'];
    let asked = 0;
    const outbound = new Outbound({
      allowLoopback: true,
      lookup: () => to(answers[asked++] ?? '10.0.0.1')(),
    });
    const { body } = await outbound.fetchJson(`http://rebinding.test:${server.port}/x`, LIMITS);
    expect(body).toEqual({ hello: 'world' });
    expect(asked).toBe(1);
  });

  test('a resolver that turns to loopback reaches nothing', async () => {
    let asked = 0;
    const outbound = new Outbound({
      timeoutMs: 500,
      lookup: () => to(asked++ ? '127.0.0.1' : '192.0.2.7')(),
    });
    const url = `https://rebinding.test:${server.port}/x`;
    for (let round = 0; round < 2; round += 1)
      await expect(outbound.fetchJson(url, LIMITS)).rejects.toMatchObject({ reason: 'address' });
    expect(server.count).toBe(0);
  });

  test('an answer of the resolver that is no address is refused', async () => {
    expect((await refusal('https://odd.test/x', { lookup: to('127.1') })).reason).toBe('address');
    expect((await refusal('https://none.test/x', { lookup: to() })).reason).toBe('network');
  });

  test('http is for this computer only', async () => {
    expect(
      (await refusal('http://public.test/x', { allowLoopback: true, lookup: to('1.1.1.1') })).reason,
    ).toBe('scheme');
  });
});

test.each([
  'http://127.0.0.1/x',
  'ftp://example.com/x',
  'file:///etc/passwd',
  'data:application/json,{}',
  'x',
])('%s is no https URL', async (url) => {
  expect((await refusal(url, {})).reason).toBe('scheme');
});

test('a URL with user information is refused and not quoted', async () => {
  const { reason, message } = await refusal('https://user:hunter2@example.com/x?token=hunter2', {});
  expect(reason).toBe('scheme');
  expect(message).not.toContain('hunter2');
});

describe('answers', () => {
  test.each([301, 302, 303, 307, 308])('a %d is not followed', async (status) => {
    server.answer = (request, response) => {
      if (request.url === '/x') response.writeHead(status, { location: '/y' }).end();
      else json({ followed: true })(request, response);
    };
    expect((await refusal(`${server.url}/x`)).reason).toBe('redirect');
    expect(server.count).toBe(1);
  });

  test.each([201, 204, 400, 404, 500, 503])('a %d does not count', async (status) => {
    server.answer = json({}, {}, status);
    expect(await refusal(`${server.url}/x?secret=hunter2`)).toMatchObject({
      reason: 'status',
      message: `${server.url}/x answers ${status}. It must answer 200.`,
    });
  });

  test.each([
    'application/json',
    'application/json; charset=utf-8',
    'Application/JWK-Set+JSON',
    'application/json;x',
  ])('the content type %s is JSON', async (type) => {
    server.answer = json({ fine: true }, { 'content-type': type });
    const { body } = await new Outbound({ allowLoopback: true }).fetchJson(server.url, LIMITS);
    expect(body).toEqual({ fine: true });
  });

  test.each(['text/html', 'text/json', 'application/jsonp', 'application/json-seq', 'image/svg+xml', ''])(
    'the content type %p is not JSON',
    async (type) => {
      server.answer = json({}, { 'content-type': type });
      expect((await refusal(server.url)).reason).toBe('not_json');
    },
  );

  test.each([['{"a":'], [''], ['<html>'], [Buffer.from([0x22, 0xff, 0x22])]])(
    'a body that is not JSON in UTF-8 is refused and not quoted: %p',
    async (body) => {
      server.answer = (_request, response) =>
        response.writeHead(200, { 'content-type': 'application/json' }).end(body);
      const { reason, message } = await refusal(server.url);
      expect(reason).toBe('not_json');
      expect(message).toBe(`${server.url}/ is not JSON in UTF-8. Check it with a JSON validator.`);
    },
  );

  test('a body of exactly the limit passes, one byte more does not', async () => {
    const outbound = new Outbound({ allowLoopback: true });
    server.answer = json('x'.repeat(98));
    expect((await outbound.fetchJson(server.url, { maxBytes: 100 })).body).toBe('x'.repeat(98));
    await expect(outbound.fetchJson(server.url, { maxBytes: 99 })).rejects.toMatchObject({
      reason: 'too_large',
      message: `${server.url}/ is longer than 99 bytes. Shorten it.`,
    });
  });

  test.each([
    ['in chunks', {}],
    ['with its length announced', { 'content-length': String(100 * 1024 * 1024) }],
  ])('100 MB %s are cut off after a few kilobytes', async (_how, headers) => {
    let sent = 0;
    const ended = new Promise<void>((resolve) => {
      server.answer = (_request, response) => {
        response.writeHead(200, { 'content-type': 'application/json', ...headers });
        const chunk = Buffer.alloc(64 * 1024, 0x20);
        const more = () => {
          while (sent < 100 * 1024 * 1024 && !response.destroyed) {
            sent += chunk.length;
            if (!response.write(chunk)) return void response.once('drain', more);
          }
        };
        response.on('close', resolve);
        more();
      };
    });
    expect((await refusal(server.url)).reason).toBe('too_large');
    await ended;
    expect(sent).toBeLessThan(20 * 1024 * 1024);
  });

  test('a length that lies is no way past the limit', async () => {
    server.answer = (request) => {
      const body = `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n${'9'.repeat(100_000)}`;
      request.socket.end(body);
    };
    const { body } = await new Outbound({ allowLoopback: true }).fetchJson(server.url, LIMITS);
    expect(body).toBe(99);
  });

  test('a compressed body is not unpacked', async () => {
    server.answer = (_request, response) =>
      response
        .writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' })
        .end(gzipSync(Buffer.alloc(4 * 1024 * 1024, 0x20)));
    expect((await refusal(server.url)).message).toContain('is compressed, which was not asked for');
  });

  test('endless headers are refused', async () => {
    server.answer = (request) => request.socket.end(`HTTP/1.1 200 OK\r\nx: ${'y'.repeat(100_000)}\r\n\r\n{}`);
    expect((await refusal(server.url)).reason).toBe('too_large');
  });
});

describe('time', () => {
  const SHORT = { allowLoopback: true, timeoutMs: 300 };

  test('an answer that never comes is waited for no longer than the timeout', async () => {
    server.answer = () => undefined;
    const began = Date.now();
    expect((await refusal(`${server.url}/slow`, SHORT)).message).toBe(
      `${server.url}/slow took longer than 300 ms to answer in full.`,
    );
    expect(Date.now() - began).toBeLessThan(2000);
  });

  test('a body that drips is cut off at the timeout', async () => {
    const gone = new Promise<void>((resolve) => {
      server.answer = (_request, response) => {
        response.writeHead(200, { 'content-type': 'application/json' });
        const drip = setInterval(() => response.write(' '), 20);
        response.on('close', () => {
          clearInterval(drip);
          resolve();
        });
      };
    });
    const began = Date.now();
    expect((await refusal(server.url, SHORT)).reason).toBe('timeout');
    await gone;
    expect(Date.now() - began).toBeLessThan(2000);
  });

  test('the resolver counts too', async () => {
    const lookup = () => new Promise<never>(() => undefined);
    expect((await refusal('https://slow.test/x', { ...SHORT, lookup })).reason).toBe('timeout');
  });
});

test('a port that nobody listens at is a network failure', async () => {
  const { port } = server;
  await server.stop();
  expect(await refusal(`http://127.0.0.1:${port}/x`)).toMatchObject({
    reason: 'network',
    message: `http://127.0.0.1:${port}/x could not be fetched (ECONNREFUSED). Check that it answers from the public internet.`,
  });
  server = await serve(json({}));
});

test('a name that does not resolve is a network failure', async () => {
  const lookup = () => Promise.reject(Object.assign(new Error('no'), { code: 'ENOTFOUND' }));
  expect((await refusal('https://nowhere.test/x', { lookup })).message).toBe(
    'https://nowhere.test/x cannot be reached: its host name does not resolve (ENOTFOUND).',
  );
});

test('a connection cut off half-way is a network failure', async () => {
  server.answer = (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': '100' });
    response.write('{"a":');
    setTimeout(() => response.destroy(), 20);
  };
  expect((await refusal(server.url)).reason).toBe('network');
});
