import { randomUUID } from 'node:crypto';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { PASSWORD, type Person, startTestService, type TestService } from '../support/harness.js';

const JSON_TYPE = { 'Content-Type': 'application/json' };
const FORM_TYPE = { 'Content-Type': 'application/x-www-form-urlencoded' };
const STREAMABLE = { ...JSON_TYPE, Accept: 'application/json, text/event-stream' };
const callOf = (name: string, input: object = {}) =>
  JSON.stringify({ jsonrpc: '2.0', id: 7, method: 'tools/call', params: { name, arguments: input } });
const WHOAMI = callOf('whoami');
const JWKS = '/.well-known/jwks.json';

const META = 'io.modelcontextprotocol';
const deepCall = (levels: number) =>
  WHOAMI.replace(
    '"arguments"',
    `"_meta":{"${META}/protocolVersion":"2026-07-28","${META}/clientCapabilities":{"experimental":${'{"x":'.repeat(levels)}{}${'}'.repeat(levels)}}},"arguments"`,
  );

interface Sent {
  readonly method?: 'GET' | 'HEAD';
  readonly path: string;
  readonly headers: Record<string, string>;
  /** Empty: none is sent. */
  readonly body: string;
}
interface Received {
  readonly status: number;
  readonly headers: Record<string, unknown>;
  readonly body: string;
}

/** What differs from one answer to the next, whoever gives it. */
const VARIES = /eyJ[\w-]+\.[\w-]+\.[\w-]*|tgr_[\w-]+|"request_id":"[^"]+"/g;

async function send(service: TestService, { method, path, headers, body }: Sent): Promise<Received> {
  return new Promise((resolve, reject) => {
    const length = body === '' ? {} : { 'Content-Length': String(Buffer.byteLength(body)) };
    const asked = httpRequest(
      `${service.url}${path}`,
      { method: method ?? 'POST', headers: { ...length, ...headers } },
      (answer) => {
        let text = '';
        answer.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
        });
        answer.on('end', () => {
          const { date: _, 'x-request-id': id, ratelimit, ...rest } = answer.headers;
          // Less is left, and for a shorter time.
          const left = { ratelimit: String(ratelimit).replace(/=\d+/g, '=…') };
          const shown = { ...rest, ...left, 'x-request-id': typeof id };
          resolve({ status: answer.statusCode ?? 0, headers: shown, body: text.replace(VARIES, '…') });
        });
      },
    );
    asked.on('error', reject);
    asked.end(body);
  });
}

const HANDLED = 'tracing:fastify.request.handler:start';

/** How many requests Fastify handled meanwhile. */
async function handledByFastify(work: () => Promise<unknown>): Promise<number> {
  let handled = 0;
  const count = () => {
    handled += 1;
  };
  subscribe(HANDLED, count);
  try {
    await work();
  } finally {
    unsubscribe(HANDLED, count);
  }
  return handled;
}

describe('the short way of the commonest requests', () => {
  let short: TestService;
  let long: TestService;
  let person: Person;
  let key: string;

  beforeAll(async () => {
    short = await startTestService({ env: { BODY_LIMIT: '65536' } });
    const { databaseUrl, masterKey, url: publicUrl } = short;
    long = await startTestService({
      databaseUrl,
      masterKey,
      publicUrl,
      lane: false,
      env: { BODY_LIMIT: '65536' },
    });
    person = await short.person();
    key = (
      await short.call('POST', '/keys', {
        bearer: person.accessToken,
        body: { name: 'agent', scopes: ['mcp:read'] },
      })
    ).body.key;
  });
  afterAll(async () => {
    await long.stop();
    await short.stop();
  });

  const bearer = (token: string) => ({ ...STREAMABLE, Authorization: `Bearer ${token}` });
  const modern = (token: string) => ({ ...bearer(token), 'MCP-Protocol-Version': '2026-07-28', 'Mcp-Method': 'tools/call', 'Mcp-Name': 'whoami' }); // prettier-ignore
  const refreshed = async () => (await short.person()).refreshToken;
  const form = (fields: Record<string, string>) => new URLSearchParams(fields).toString();

  const login = (other: object = {}) => JSON.stringify({ email: person.email, password: PASSWORD, ...other });

  // Each request is made anew for each of the two: some can be sent once alone.
  const taken: [string, () => Sent | Promise<Sent>][] = [
    ['a tool call with a token', () => ({ path: '/mcp', headers: bearer(person.accessToken), body: WHOAMI })],
    ['a tool call with a key', () => ({ path: '/mcp', headers: bearer(key), body: WHOAMI })],
    ['a tool call with X-API-Key', () => ({ path: '/mcp', headers: { ...STREAMABLE, 'X-API-Key': key }, body: WHOAMI })],
    ['a tool call without a credential', () => ({ path: '/mcp', headers: STREAMABLE, body: WHOAMI })],
    ['a tool call with a forged token', () => ({ path: '/mcp', headers: bearer(`${person.accessToken.slice(0, -6)}AAAAAA`), body: WHOAMI })],
    ['a tool call with two credentials', () => ({ path: '/mcp', headers: { ...bearer(key), 'X-API-Key': key }, body: WHOAMI })],
    ['a tool call without the scope', () => ({ path: '/mcp', headers: bearer(key), body: callOf('notes_write', { title: 'a', body: 'b' }) })],
    ['a tool call with wrong arguments', () => ({ path: '/mcp', headers: bearer(person.accessToken), body: callOf('notes_write', { title: 7 }) })],
    ['a tool call from another origin', () => ({ path: '/mcp', headers: { ...bearer(key), Origin: 'https://evil.example' }, body: WHOAMI })],
    ['a request id of the caller', () => ({ path: '/mcp', headers: { ...bearer(key), 'X-Request-Id': 'mine' }, body: WHOAMI })],
    ['a refresh', async () => ({ path: '/auth/refresh', headers: JSON_TYPE, body: JSON.stringify({ refresh_token: await refreshed() }) })],
    ['a refresh of an unknown token', () => ({ path: '/auth/refresh', headers: JSON_TYPE, body: JSON.stringify({ refresh_token: 'tgr_unknown' }) })],
    ['a login', () => ({ path: '/auth/login', headers: JSON_TYPE, body: login() })],
    ['a login for some scopes', () => ({ path: '/auth/login', headers: JSON_TYPE, body: login({ scope: 'notes:read none' }) })],
    ['a login for a scope that nobody has', () => ({ path: '/auth/login', headers: JSON_TYPE, body: login({ scope: 'none' }) })],
    ['a wrong password', () => ({ path: '/auth/login', headers: JSON_TYPE, body: login({ password: 'another' }) })],
    ['a person who is not known', () => ({ path: '/auth/login', headers: JSON_TYPE, body: login({ email: `${randomUUID()}@example.com` }) })],
    ['a token request without a grant type', () => ({ path: '/oauth/token', headers: FORM_TYPE, body: 'a=b' })],
    ['a grant type that is not offered', () => ({ path: '/oauth/token', headers: FORM_TYPE, body: form({ grant_type: 'password' }) })],
    ['a parameter sent twice', () => ({ path: '/oauth/token', headers: FORM_TYPE, body: 'grant_type=refresh_token&grant_type=refresh_token' })],
    ['an unknown client', () => ({ path: '/oauth/token', headers: FORM_TYPE, body: form({ grant_type: 'client_credentials', client_id: 'x', client_secret: 'y' }) })],
    ['introspection by nobody', () => ({ path: '/oauth/introspect', headers: FORM_TYPE, body: form({ token: person.accessToken }) })],
    ['the key set', () => ({ method: 'GET', path: JWKS, headers: {}, body: '' })],
    ['the key set for whoever shows a credential', () => ({ method: 'GET', path: JWKS, headers: { Authorization: 'Bearer forged' }, body: '' })],
    ['the key set for a page elsewhere', () => ({ method: 'GET', path: JWKS, headers: { Origin: 'https://app.example', Accept: 'text/html' }, body: '' })],
  ]; // prettier-ignore

  it.each(taken)('answers as the framework does: %s', async (_name, make) => {
    const [first, second] = [await make(), await make()];
    let answer: Received | undefined;
    const handled = await handledByFastify(async () => {
      answer = await send(short, first);
    });
    expect(handled).toBe(0);
    expect(answer).toEqual(await send(long, second));
  });

  const left: [string, () => Sent][] = [
    ['a tool that is unknown', () => ({ path: '/mcp', headers: bearer(person.accessToken), body: callOf('none') })],
    ['a list', () => ({ path: '/mcp', headers: bearer(person.accessToken), body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' }) })],
    ['a batch', () => ({ path: '/mcp', headers: bearer(person.accessToken), body: `[${WHOAMI}]` })],
    ['no JSON', () => ({ path: '/mcp', headers: bearer(person.accessToken), body: '{' })],
    ['a name that means more to JavaScript', () => ({ path: '/mcp', headers: bearer(person.accessToken), body: WHOAMI.replace('"arguments":{}', '"arguments":{"__proto__":{"a":1}}') })],
    ['the same, escaped', () => ({ path: '/mcp', headers: bearer(person.accessToken), body: WHOAMI.replace('"arguments":{}', '"arguments":{"\\u005f_proto__":{"a":1}}') })],
    ['another type', () => ({ path: '/mcp', headers: { ...bearer(person.accessToken), 'Content-Type': 'text/plain' }, body: WHOAMI })],
    ['a type with a parameter', () => ({ path: '/auth/refresh', headers: { 'Content-Type': 'application/json; charset=utf-8' }, body: '{"refresh_token":"tgr_unknown"}' })],
    ['a query', () => ({ path: '/auth/refresh?a=b', headers: JSON_TYPE, body: '{"refresh_token":"tgr_unknown"}' })],
    ['a body that is too long', () => ({ path: '/auth/refresh', headers: JSON_TYPE, body: JSON.stringify({ refresh_token: 'x'.repeat(70_000) }) })],
    ['a refresh without a token', () => ({ path: '/auth/refresh', headers: JSON_TYPE, body: '{}' })],
    ['another path', () => ({ path: '/auth/refresh/', headers: JSON_TYPE, body: '{"refresh_token":"tgr_unknown"}' })],
    ['what is nested too deeply', () => ({ path: '/mcp', headers: modern(person.accessToken), body: deepCall(9000) })],
    ['what is nested beyond any stack', () => ({ path: '/mcp', headers: bearer(person.accessToken), body: `${'['.repeat(30_000)}${']'.repeat(30_000)}` })],
    ['a refresh that is nested too deeply', () => ({ path: '/auth/refresh', headers: JSON_TYPE, body: deepCall(9000) })],
    ['a login without a password', () => ({ path: '/auth/login', headers: JSON_TYPE, body: '{"email":"nobody@example.com"}' })],
    ['a registration', () => ({ path: '/auth/register', headers: JSON_TYPE, body: '{"email":"nobody@example.com","password":"wrong"}' })],
    ['a POST to the key set', () => ({ path: JWKS, headers: JSON_TYPE, body: '{}' })],
    ['the head of the key set', () => ({ method: 'HEAD', path: JWKS, headers: {}, body: '' })],
    ['the key set with a body', () => ({ method: 'GET', path: JWKS, headers: { ...JSON_TYPE, 'Content-Length': '2' }, body: '{}' })],
    ['the key set with a query', () => ({ method: 'GET', path: `${JWKS}?a=b`, headers: {}, body: '' })],
    ['a GET of a path that is for POST', () => ({ method: 'GET', path: '/oauth/token', headers: {}, body: '' })],
  ]; // prettier-ignore

  it.each(left)('leaves to the framework, untouched: %s', async (_name, make) => {
    expect(await send(short, make())).toEqual(await send(long, make()));
  });

  it('takes a call that is nested as deeply as is allowed, and refuses one level more', async () => {
    // The message, its params, their `_meta` and the capabilities are four levels, the innermost object is one.
    const call = (levels: number) => ({ path: '/mcp', headers: modern(key), body: deepCall(levels - 5) });
    expect((await send(short, call(200))).status).toBe(200);
    const refused = await send(short, call(201));
    expect(refused.status).toBe(400);
    expect(refused.body).toContain('nested too deeply');
  });

  it('takes a body that comes in pieces, and the requests that follow on the connection', async () => {
    const body = WHOAMI;
    const head = [
      'POST /mcp HTTP/1.1', `Host: ${new URL(short.url).host}`, `Authorization: Bearer ${key}`, 'Content-Type: application/json',
      'Accept: application/json, text/event-stream', `Content-Length: ${body.length}`, '', '',
    ].join('\r\n'); // prettier-ignore
    const list = JSON.stringify({ jsonrpc: '2.0', id: 8, method: 'tools/list' });
    const second = head.replace(`Content-Length: ${body.length}`, `Content-Length: ${list.length}`) + list;
    const socket = connect(Number(new URL(short.url).port), '127.0.0.1');
    let text = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    const until = async (condition: () => boolean) => {
      while (!condition()) await new Promise((resolve) => setTimeout(resolve, 10));
    };
    socket.write(head + body.slice(0, 10));
    await new Promise((resolve) => setTimeout(resolve, 50));
    socket.write(body.slice(10));
    await until(() => text.includes('"id":7'));
    socket.write(second + head + body);
    await until(() => text.includes('"id":8') && text.split('"id":7').length === 3);
    expect(text.match(/HTTP\/1\.1 200/g)).toHaveLength(3);
    socket.destroy();
  });

  it('lets a sender go who never ends its body', async () => {
    const socket = connect(Number(new URL(short.url).port), '127.0.0.1');
    socket.write(
      `POST /auth/refresh HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"a`,
    );
    await new Promise((resolve) => setTimeout(resolve, 50));
    socket.destroy();
    expect((await short.call('GET', '/healthz')).status).toBe(200);
  });

  it('gives one successor to fifty who refresh at once', async () => {
    const body = JSON.stringify({ refresh_token: await refreshed() });
    const answers = await Promise.all(
      Array.from({ length: 50 }, () =>
        short.call('POST', '/auth/refresh', { body: JSON.parse(body) as object }),
      ),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(new Set(answers.map(({ body: { refresh_token } }) => refresh_token as string)).size).toBe(1);
  });
});
