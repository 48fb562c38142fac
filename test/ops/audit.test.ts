import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { AuditReaper } from '../../src/ops/audit/audit-reaper.js';
import { AuditTrail, MOST_WAITING } from '../../src/ops/audit/audit-trail.js';
import { callTool, GateFixtures, hold, runs } from '../mcp/gate-fixtures.js';
import { rememberSecret } from '../support/credentials.js';
import { PASSWORD, setScopes, startTestService, type TestService } from '../support/harness.js';
import { queryOnce } from '../support/postgres.js';

interface Recorded {
  id: string;
  at: string;
  operation: string | null;
  outcome: string;
  reason: string | null;
  arguments: string | null;
}

async function operatorOf(service: TestService): Promise<string> {
  const { email } = await service.person();
  await setScopes(service, email, ['admin', 'mcp:admin']);
  const login = await service.call('POST', '/auth/login', { body: { email, password: PASSWORD } });
  return login.body.access_token as string;
}

let service: TestService;
let operator: string;
beforeAll(async () => {
  service = await startTestService({ modules: [GateFixtures] });
  operator = await operatorOf(service);
});
afterAll(() => service.stop());

const audit = (query: string) => service.call('GET', `/admin/audit?${query}`, { bearer: operator });
const eventsOf = async (userId: string): Promise<Recorded[]> =>
  (await audit(`user=${userId}&event=mcp`)).body.events as Recorded[];

const PROGRAM = join(import.meta.dirname, '../../dist/src/cli/toolgate.js');
/** What an operator types. */
const toolgate = (...args: string[]) =>
  promisify(execFile)(process.execPath, [PROGRAM, ...args], {
    env: {
      PATH: process.env['PATH'],
      DATABASE_URL: service.databaseUrl,
      MASTER_KEY: service.masterKey.toString('base64'),
    },
  });

describe('a record', () => {
  test('says when, who, through what, which tool, and from where; and not the arguments', async () => {
    const person = await service.person();
    const args = { title: 'a very private title', body: 'text' };
    await callTool(service, person.accessToken, 'notes_write', args, { 'X-Request-Id': 'request-1' });
    const [recorded, ...more] = await eventsOf(person.id);
    expect(more).toEqual([]);
    expect(recorded).toEqual({
      id: expect.any(String),
      at: expect.any(String),
      event: 'mcp.call',
      outcome: 'allowed',
      reason: null,
      principal: 'user',
      user_id: person.id,
      client_id: expect.any(String),
      key_id: null,
      session_id: expect.any(String),
      actor: null,
      operation_kind: 'tool',
      operation: 'notes_write',
      resource: service.config.resource,
      request_id: 'request-1',
      address: '127.0.0.1',
      arguments: null,
    });
    expect(Math.abs(Date.parse(recorded?.at ?? '') - Date.now())).toBeLessThan(60_000);
    const rows = await queryOnce(service.databaseUrl, 'SELECT * FROM audit_events');
    expect(JSON.stringify(rows)).not.toContain('private');
  });

  test('of a call with a key names the key and its owner', async () => {
    const person = await service.person();
    const { body } = await service.call('POST', '/keys', {
      bearer: person.accessToken,
      body: { name: 'agent' },
    });
    await callTool(service, body.key, 'whoami');
    expect((await eventsOf(person.id))[0]).toMatchObject({
      principal: 'api_key',
      user_id: person.id,
      key_id: body.id,
      client_id: null,
    });
  });

  test('is left of every refusal, with the reason', async () => {
    const person = await service.person('notes:read');
    const call = (name: string, args = {}) => callTool(service, person.accessToken, name, args);
    await call('notes_write', { title: 'x', body: '' });
    await call('watched', { word: 'deny' });
    await call('watched', { word: 'throw' });
    await call('no_such_tool');
    await service.call('POST', '/mcp', {
      bearer: person.accessToken,
      body: [{ jsonrpc: '2.0', id: 1, method: 'ping' }],
    });
    for (let n = 0; n < 21; n += 1) await call('limited');
    const recorded = await eventsOf(person.id);
    expect(recorded.map(({ operation, reason }) => [operation, reason])).toEqual([
      ['limited', 'rate_limited: limit tool limited'],
      ...Array.from({ length: 20 }, () => ['limited', null]),
      [null, 'batch_not_served'],
      ['no_such_tool', 'unknown_operation'],
      ['watched', 'policy_denied: policy by-word'],
      ['watched', 'policy_denied: policy by-word'],
      ['notes_write', 'insufficient_scope'],
    ]);
    expect(new Set(recorded.map(({ id }) => id)).size).toBe(recorded.length);
  });

  test('holds no credential, wherever the caller puts it, and no character that Postgres cannot take', async () => {
    const person = await service.person();
    const made = await service.call('POST', '/keys', { bearer: person.accessToken, body: { name: 'k' } });
    const secret = String(made.body.key);
    await callTool(service, person.accessToken, person.accessToken);
    await callTool(service, person.accessToken, secret, {}, { 'X-Request-Id': secret.slice(0, 64) });
    await callTool(service, person.accessToken, 'nul \u0000 and half a pair \ud800');
    await callTool(service, person.accessToken, 'x'.repeat(100_000));
    const recorded = await eventsOf(person.id);
    expect(recorded.map(({ operation }) => operation?.length)).toEqual([500, 23, 10, 10]);
    expect(recorded[1]?.operation).toBe('nul \ufffd and half a pair \ufffd');
    const text = JSON.stringify(recorded);
    for (const part of [person.accessToken.split('.')[1] ?? '', secret.slice(20)])
      expect(text.includes(part)).toBe(false);
  });

  test('with AUDIT_ARGUMENTS=true holds the arguments, cut to length and without secrets', async () => {
    const other = await startTestService({ env: { AUDIT_ARGUMENTS: 'true' } });
    const person = await other.person();
    const admin = await operatorOf(other);
    const args = {
      title: `see ${person.accessToken}`,
      body: 'b'.repeat(5000),
      nested: { Password: 'hunter2-and-more' },
    };
    await callTool(other, person.accessToken, 'notes_write', { title: 'plain', body: '' });
    await callTool(other, person.accessToken, 'notes_write', args);
    const { body } = await other.call('GET', `/admin/audit?user=${person.id}&event=mcp.call`, {
      bearer: admin,
    });
    const [long, short] = body.events as Recorded[];
    expect(JSON.parse(short?.arguments ?? '')).toEqual({ title: 'plain', body: '' });
    expect(long?.arguments).toHaveLength(2000);
    expect(long?.arguments).toContain('see [redacted]');
    await callTool(other, person.accessToken, 'notes_list', { nested: args.nested });
    const nested = await other.call('GET', `/admin/audit?user=${person.id}&limit=1`, { bearer: admin });
    expect((nested.body.events as Recorded[])[0]?.arguments).toBe('{"nested":{"Password":"[redacted]"}}');
    await other.stop();
  });
});

describe('reading', () => {
  test.each([['user'], ['key']])('is for operators: a %s without `admin` is refused', async (kind) => {
    const person = await service.person();
    const made = await service.call('POST', '/keys', { bearer: person.accessToken, body: { name: 'k' } });
    const bearer = kind === 'key' ? String(made.body.key) : person.accessToken;
    const answer = await service.call('GET', `/admin/audit?user=${person.id}`, { bearer });
    expect(answer.status).toBe(403);
    expect((await service.call('GET', '/admin/audit')).status).toBe(401);
  });

  test('page after page gives every record once, the newest first', async () => {
    const person = await service.person();
    for (let n = 0; n < 7; n += 1) await callTool(service, person.accessToken, 'whoami');
    const seen: Recorded[] = [];
    let cursor = '';
    do {
      const { body } = await audit(`user=${person.id}&event=mcp&limit=3${cursor}`);
      seen.push(...(body.events as Recorded[]));
      // What is recorded meanwhile is newer, and moves no page.
      await callTool(service, person.accessToken, 'whoami');
      cursor = body.next_cursor === null ? '' : `&cursor=${String(body.next_cursor)}`;
    } while (cursor !== '');
    expect(seen).toHaveLength(7);
    expect(new Set(seen.map(({ id }) => id)).size).toBe(7);
    const times = seen.map(({ at }) => at);
    expect(times).toEqual([...times].sort().reverse());
  });

  test('can be narrowed by tool, outcome and time', async () => {
    const person = await service.person('notes:read');
    await callTool(service, person.accessToken, 'notes_list');
    await callTool(service, person.accessToken, 'notes_write', { title: 'x', body: '' });
    const names = async (query: string) =>
      ((await audit(`user=${person.id}&event=mcp&${query}`)).body.events as Recorded[]).map(
        (one) => one.operation,
      );
    expect(await names('tool=notes_list')).toEqual(['notes_list']);
    expect(await names('outcome=denied')).toEqual(['notes_write']);
    expect(await names('outcome=allowed')).toEqual(['notes_list']);
    const soon = new Date(Date.now() + 60_000).toISOString();
    expect(await names(`since=${soon}`)).toEqual([]);
    expect(await names(`until=${soon}`)).toHaveLength(2);
  });

  test.each([
    'user=me', 'outcome=maybe', 'event=DROP', 'key=x', 'client=', 'limit=0', 'limit=1001', 'limit=x', 'cursor=x', 'since=yesterday', 'tool=',
    'user=a&user=b', 'tool=%00', `cursor=${Buffer.from('1 2').toString('base64url')}`,
  ])('%s is 422, and says which parameter', async (query) => {
    const answer = await audit(query);
    expect([answer.status, answer.body.code]).toEqual([422, 'invalid_input']);
    expect(answer.body.errors[0].pointer).toBe(`/${query.split('=')[0] ?? ''}`);
  }); // prettier-ignore

  test('`toolgate audit` prints the last ones, one to a line', async () => {
    const person = await service.person();
    await callTool(service, person.accessToken, 'first');
    await callTool(service, person.accessToken, 'second\n\u001b[2Jforged line');
    await service.app.get(AuditTrail).flush();
    const run = (...args: string[]) => toolgate('audit', ...args);
    const { stdout } = await run('--tail', '2');
    const lines = stdout.trim().split('\n');
    expect(lines).toHaveLength(2);
    expect(lines[0]).toContain(`tool first  denied  unknown_operation  user ${person.id}`);
    expect(lines[1]).toContain('tool second\\n\\u001b[2Jforged line');
    const narrowed = await run('--event', 'account', '--user', person.id);
    expect(
      narrowed.stdout
        .trim()
        .split('\n')
        .map((one) => one.split('  ')[1]),
    ).toEqual(['account.registered', 'account.signed_in']);
    await expect(run('--event', 'DROP')).rejects.toMatchObject({ code: 2 });
    await expect(run('--tail', 'x')).rejects.toMatchObject({ code: 2 });
  });
});

test('what an operator does at the command line is recorded, and nothing that changed nothing', async () => {
  const [person, other] = [await service.person(), await service.person()];
  const resource = 'https://notes.example/mcp';
  const [{ stdout: made }] = await Promise.all([
    toolgate('resource', resource, 'notes:read notes:write'),
    toolgate('user', 'disable', person.email),
    toolgate('user', 'scopes', other.email, 'notes:read'),
    toolgate('keys', 'rotate'),
    expect(toolgate('user', 'disable', 'nobody@example.com')).rejects.toMatchObject({ code: 2 }),
  ]);
  const [clientId, secret] = [/^CLIENT_ID=(.*)$/m, /^CLIENT_SECRET=(.*)$/m].map(
    (line) => line.exec(made)?.[1],
  );
  rememberSecret(secret ?? '');
  const recorded = await queryOnce(
    service.databaseUrl,
    `SELECT event, outcome, principal, user_id, client_id, resource, address FROM audit_events
     WHERE request_id = 'command-line' ORDER BY event`,
  );
  const act = (event: string, of: object = {}) => ({
    event, outcome: 'allowed', principal: null, user_id: null, client_id: null, resource: null, address: null, ...of,
  }); // prettier-ignore
  expect(recorded).toEqual([
    act('account.disabled', { user_id: person.id }),
    act('account.scopes_set', { user_id: other.id }),
    act('client.created', { client_id: clientId }),
    act('resource.saved', { resource }),
    act('signing_key.rotated'),
  ]);
});

describe('under trouble', () => {
  const breakTable = (url: string) => queryOnce(url, 'ALTER TABLE audit_events RENAME TO audit_away');
  const mendTable = (url: string) => queryOnce(url, 'ALTER TABLE audit_away RENAME TO audit_events');

  test('what waits is kept and written once; when no more can wait, calls are 503 and do not run', async () => {
    const troubled = await startTestService({ modules: [GateFixtures] });
    const person = await troubled.person();
    const trail = troubled.app.get(AuditTrail);
    await trail.flush();
    await breakTable(troubled.databaseUrl);
    const ran = runs.watched;
    expect((await callTool(troubled, person.accessToken, 'watched')).status).toBe(200);
    await expect(trail.flush()).rejects.toThrow('audit_events');
    for (let n = 1; n < MOST_WAITING; n += 1)
      trail.record({ event: 'mcp.call', outcome: 'allowed', requestId: 'fill', address: '::1' });
    const refused = await callTool(troubled, person.accessToken, 'watched');
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '5']);
    expect(refused.body).toMatchObject({ id: 'call of watched', error: { data: { code: 'unavailable' } } });
    expect(runs.watched - ran).toBe(1);

    await mendTable(troubled.databaseUrl);
    await Promise.all([trail.flush(), trail.flush()]);
    expect((await callTool(troubled, person.accessToken, 'watched')).status).toBe(200);
    await troubled.stop();
    const [count] = await queryOnce<{ all: string; ids: string }>(
      troubled.databaseUrl,
      "SELECT count(*) AS all, count(DISTINCT id) AS ids FROM audit_events WHERE event = 'mcp.call'",
    );
    expect(count).toEqual({ all: String(MOST_WAITING + 1), ids: String(MOST_WAITING + 1) });
  });

  test('what waits holds no more of a long name than is recorded', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const heap = () => {
      collect();
      return process.memoryUsage().heapUsed;
    };
    const troubled = await startTestService();
    const { accessToken } = await troubled.person();
    const call = (name: string) => callTool(troubled, accessToken, name);
    const long = 'x'.repeat(400_000);
    await call(long);
    await troubled.app.get(AuditTrail).flush();
    await breakTable(troubled.databaseUrl);
    const before = heap();
    for (let n = 0; n < 100; n += 1) expect((await call(`${n}${long}`)).status).toBe(200);
    expect(heap() - before).toBeLessThan(20e6);
    await mendTable(troubled.databaseUrl);
    await troubled.stop();
  });

  test('what cannot be written at a stop goes to the log', async () => {
    const stranded = await startTestService();
    const person = await stranded.person();
    await stranded.app.get(AuditTrail).flush();
    await breakTable(stranded.databaseUrl);
    const id = 'stranded-1';
    expect((await callTool(stranded, person.accessToken, 'whoami', {}, { 'X-Request-Id': id })).status).toBe(
      200,
    );
    await stranded.stop();
    const directory = join(process.env['TOOLGATE_TEST_DIRECTORY'] ?? '', 'logs');
    const log = await readFile(join(directory, `${process.pid}-${stranded.config.PORT}`), 'utf8');
    const lines = log.split('\n').filter((line) => line.includes('not written before the stop'));
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      level: 'error',
      audit: { operation: 'whoami', user_id: person.id, request_id: id, outcome: 'allowed' },
    });
  });

  test('a stop writes what waits, that of a call in flight too', async () => {
    const stopping = await startTestService({
      env: { POLICY_TIMEOUT_MS: '30000' },
      modules: [GateFixtures],
    });
    const person = await stopping.person();
    await callTool(stopping, person.accessToken, 'whoami');
    const { entered, release } = hold();
    const late = callTool(stopping, person.accessToken, 'watched', { word: 'wait' });
    await entered;
    const stopped = stopping.stop();
    const accepts = () =>
      fetch(`${stopping.url}/healthz`, { headers: { Connection: 'close' } }).then(
        () => true,
        () => false,
      );
    while (await accepts()) await new Promise((resolve) => setTimeout(resolve, 10));
    release();
    const answer = await late;
    // Decided about too late to be dispatched.
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '1']);
    await stopped;
    const rows = await queryOnce<{ operation: string }>(
      stopping.databaseUrl,
      "SELECT operation FROM audit_events WHERE event = 'mcp.call' ORDER BY at, id",
    );
    expect(rows.map(({ operation }) => operation)).toEqual(['whoami', 'watched']);
  });

  test('two replicas that meet a new day at once both write into it', async () => {
    const a = await startTestService();
    const { databaseUrl, masterKey, url: publicUrl } = a;
    const b = await startTestService({ databaseUrl, masterKey, publicUrl });
    const record = (one: TestService) => {
      one.app
        .get(AuditTrail)
        .record({ event: 'mcp.call', outcome: 'allowed', requestId: 'r', address: '::1' });
      return one.app.get(AuditTrail).flush();
    };
    for (let day = 0; day < 5; day += 1) {
      await Promise.all([record(a), record(b)]);
      for (const one of [a, b]) one.clock.advance(86_400);
    }
    const rows = await queryOnce<{ day: string; records: number }>(
      databaseUrl,
      `SELECT tableoid::regclass::text AS day, count(*)::int AS records FROM audit_events GROUP BY 1 ORDER BY 1`,
    );
    expect(rows.map(({ records }) => records)).toEqual([2, 2, 2, 2, 2]);

    // 91 days after the first, which alone is past its time: it leaves, whoever reaps.
    for (const one of [a, b]) one.clock.advance(86_400 * 86);
    await Promise.all([a, b].map((one) => one.app.get(AuditReaper).reap()));
    const days = await queryOnce<{ day: string }>(
      databaseUrl,
      `SELECT DISTINCT tableoid::regclass::text AS day FROM audit_events ORDER BY 1`,
    );
    expect(days).toEqual(rows.slice(1).map(({ day }) => ({ day })));
    await Promise.all([record(a), record(b)]);
    await Promise.all([a.stop(), b.stop()]);
  });
});
