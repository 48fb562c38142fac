import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import pg from 'pg';
import { DeviceCodesRepository } from '../../src/oauth/device/device-codes.repository.js';
import { BrowserLogins } from '../../src/tokens/browser-logins.js';
import { KeysService } from '../../src/keys/keys.service.js';
import { UsersRepository } from '../../src/users/users.repository.js';
import { type Answer, PASSWORD, startTestService, type TestService } from '../support/harness.js';
import { pause, startTwoReplicas, type TwoReplicas } from '../support/two-replicas.js';

/** Who ends a session or a key, and who refreshes, makes a key or polls at that moment, on two replicas. */
let replicas: TwoReplicas;
let one: TestService;
let two: TestService;
let sql: TwoReplicas['sql'];
beforeAll(async () => {
  replicas = await startTwoReplicas();
  ({ one, two, sql } = replicas);
});
afterAll(() => replicas.stop());

const refresh = (at: TestService, refresh_token: string) =>
  at.call('POST', '/auth/refresh', { body: { refresh_token } });

/** Refreshes on both replicas, each token several times, until it is refused. */
async function keepRefreshing(token: string, atOnce: number): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (let held: string | undefined = token; held !== undefined;) {
    const asked = held;
    const some = await Promise.all(
      Array.from({ length: atOnce }, (_, n) => refresh(n % 2 ? one : two, asked)),
    );
    answers.push(...some);
    held = some.find(({ status }) => status === 200)?.body.refresh_token as string | undefined;
  }
  return answers;
}
const statuses = (answers: readonly Answer[]) => [...new Set(answers.map(({ status }) => status))].sort();

test('a session ends at once, however hard its tokens are presented meanwhile', async () => {
  const before = await replicas.deadlocks();
  for (let round = 0; round < 12; round += 1) {
    const person = await one.person();
    const first = await refresh(one, person.refreshToken);
    expect(first.status).toBe(200);
    const refreshing = keepRefreshing(first.body.refresh_token, 6);
    await pause(40);
    if (round % 2) await one.app.get(UsersRepository).disable(person.email, new Date());
    else {
      const body = { refresh_token: person.refreshToken };
      expect((await two.call('POST', '/auth/logout', { body })).status).toBe(204);
    }
    const answers = await refreshing;
    expect(statuses([first, ...answers])).toEqual([200, 401]);
  }
  expect(await replicas.deadlocks()).toBe(before);
});

/** As many sessions as that, opened by logins. */
async function personWithSessions(count: number) {
  const person = await one.person();
  const tokens = [person.refreshToken];
  while (tokens.length < count) {
    const body = { email: person.email, password: PASSWORD };
    tokens.push((await one.call('POST', '/auth/login', { body })).body.refresh_token);
  }
  return { ...person, tokens };
}

test('all of a person end, or follow their scopes, while they refresh in any order', async () => {
  const before = await replicas.deadlocks();
  const { id, email, tokens } = await personWithSessions(30);
  const refreshing = tokens.reverse().map((token) => keepRefreshing(token, 1));
  await pause(100);
  const users = one.app.get(UsersRepository);
  for (let round = 0; round < 10; round += 1)
    await users.setScopes(email, round % 2 ? ['mcp:write'] : ['notes:read']);
  const { rows: stale } = await sql.query(
    `SELECT 1 FROM refresh_tokens WHERE user_id = $1 AND user_scopes <> '{mcp:write}'`,
    [id],
  );
  expect(stale).toEqual([]);
  await users.disable(email, new Date());
  expect(statuses((await Promise.all(refreshing)).flat())).toEqual([200, 401]);
  const { rows: left } = await sql.query('SELECT 1 FROM refresh_tokens WHERE user_id = $1', [id]);
  expect(left).toEqual([]);
  expect(await replicas.deadlocks()).toBe(before);
});

const from = { address: '192.0.2.1', userAgent: undefined };

test('a key gets no new secret by a session that has just ended elsewhere', async () => {
  const { accessToken } = await one.person();
  const key = await one.call('POST', '/keys', { bearer: accessToken, body: { name: 'mine' } });
  await one.call('POST', '/auth/logout', { bearer: accessToken });
  const rotated = await two.call('POST', `/keys/${key.body.id as string}/rotate`, { bearer: accessToken, body: {} }); // prettier-ignore
  expect(rotated.status).toBe(401);
  expect((await two.call('GET', '/auth/me', { bearer: key.body.key })).status).toBe(200);
});

test('a secret that was just replaced elsewhere makes no key, and no new secret', async () => {
  const { accessToken } = await one.person();
  const body = { name: 'mine', scopes: ['keys:write'] };
  const key = await one.call('POST', '/keys', { bearer: accessToken, body });
  const path = `/keys/${key.body.id as string}/rotate`;
  expect((await two.call('GET', '/keys', { bearer: key.body.key })).status).toBe(200);
  const fresh = await one.call('POST', path, { bearer: accessToken, body: {} });
  for (const what of ['/keys', path]) {
    const stale = await two.call('POST', what, { bearer: key.body.key, body: what === path ? {} : body });
    expect(stale.status).toBe(401);
  }
  expect((await one.call('POST', path, { bearer: fresh.body.key, body: {} })).status).toBe(200);
});

test('the application around the service makes no key for who is being disabled', async () => {
  const { id } = await one.person();
  await sql.query('BEGIN');
  await sql.query('UPDATE users SET disabled_at = now() WHERE id = $1', [id]);
  const application = {
    kind: 'application',
    userId: id,
    resource: one.config.resource,
    scopes: ['mcp:read'],
  } as const;
  const making = one.app.get(KeysService).create(application, { name: 'mine' });
  const refused = expect(making).rejects.toMatchObject({ code: 'not_found' });
  await pause(100);
  await sql.query('COMMIT');
  await refused;
});

test('a device that polls in the moment of its allow is told to wait, or gets its tokens, also where there was a grant before', async () => {
  const { id } = await one.person();
  const cookie = await one.app.get(BrowserLogins).open({ userId: id, proof: { password: true } }, from);
  const person = await one.app.get(BrowserLogins).find(cookie);
  const devices = one.app.get(DeviceCodesRepository);
  const [clientId, resource] = ['some-device', one.config.resource];
  const consent = { userId: id, sessionId: person?.sessionId ?? '', clientId, resource, shown: [], chosen: [], redirectUri: null }; // prettier-ignore
  const held = new pg.Client({ connectionString: one.databaseUrl });
  await held.connect();
  for (let round = 0; round < 4; round += 1) {
    const digest = randomBytes(32);
    const at = (seconds: number) => new Date(Date.now() + seconds * 1000);
    await devices.insert({ digest, userCodeMac: randomBytes(32), clientId, resource, scopes: [], interval: 5, expiresAt: at(600) }); // prettier-ignore
    const poll = async (now: Date) =>
      (
        await devices.poll(digest, clientId, {
          id: randomUUID(),
          now,
          sessionEnd: at(900),
          refreshToken: null,
          idleEnd: at(900),
          address: null,
          userAgent: null,
        })
      )?.outcome;
    await held.query('BEGIN');
    await held.query('SELECT 1 FROM device_codes WHERE digest = $1 FOR UPDATE', [digest]);
    const allowed = devices.allow(digest, consent, at(0));
    await pause(25);
    const polled = poll(at(0));
    await pause(25);
    await held.query('COMMIT');
    expect(await allowed).toBe(true);
    const outcome = await polled;
    expect(['pending', 'allowed']).toContain(outcome);
    if (outcome === 'pending') expect(await poll(at(60))).toBe('allowed');
    expect(await poll(at(120))).toBe('used');
  }
  await held.end();
});

test('a reuse ends its own session alone, though the end of it has to wait', async () => {
  const strict = await startTestService({ env: { REFRESH_REPLAY_WINDOW: '0' } });
  const [thief, ...others] = await Promise.all(Array.from({ length: 6 }, () => strict.person()));
  const next = (await refresh(strict, thief?.refreshToken ?? '')).body.refresh_token as string;
  const held = new pg.Client({ connectionString: strict.databaseUrl });
  await held.connect();
  await held.query('BEGIN');
  await held.query('SELECT 1 FROM sessions WHERE user_id = $1 FOR UPDATE', [thief?.id]);
  const reusing = Array.from({ length: 5 }, () => refresh(strict, thief?.refreshToken ?? ''));
  const good = await Promise.all(others.map(({ refreshToken }) => refresh(strict, refreshToken)));
  expect(statuses(good)).toEqual([200]);
  await held.query('COMMIT');
  await held.end();
  expect(statuses(await Promise.all(reusing))).toEqual([401]);
  expect((await refresh(strict, next)).status).toBe(401);
  const again = await Promise.all(good.map(({ body }) => refresh(strict, body.refresh_token)));
  expect(statuses(again)).toEqual([200]);
  await strict.stop();
});
