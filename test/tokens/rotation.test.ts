import { afterAll, beforeAll, expect, test } from '@jest/globals';
import pg from 'pg';
import { Batches } from '../../src/database/batches.js';
import { Database } from '../../src/database/database.js';
import { startTestService, type TestService } from '../support/harness.js';

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.stop());

const refresh = (refresh_token: string) => service.call('POST', '/auth/refresh', { body: { refresh_token } });
const unknown = `tgr_${'A'.repeat(64)}`;

test('of tokens that come at the same time each has its own outcome', async () => {
  const people = await Promise.all(Array.from({ length: 30 }, () => service.person()));
  const [ended, retried, ...good] = people;
  if (!ended || !retried) throw new Error('nobody came');
  await service.call('POST', '/auth/logout', { body: { refresh_token: ended.refreshToken } });
  const presented = [
    unknown,
    ended.refreshToken,
    ...good.map((one) => one.refreshToken),
    retried.refreshToken,
    retried.refreshToken,
    retried.refreshToken,
  ];
  const answers = await Promise.all(presented.map(refresh));
  expect(answers.slice(0, 2).map(({ body }) => body.code as string)).toEqual(
    Array.from({ length: 2 }, () => 'invalid_refresh_token'),
  );
  const granted = answers.slice(2);
  expect(granted.map(({ status }) => status)).toEqual(granted.map(() => 200));
  const successors = granted.map(({ body }) => body.refresh_token as string);
  expect(new Set(successors).size).toBe(good.length + 1);
  expect(new Set(successors.slice(-3)).size).toBe(1);
  // Whose session it is: nobody has got another's.
  const owners = await Promise.all(
    granted.map(async ({ body }) => (await service.call('GET', '/auth/me', { bearer: body.access_token })).body.user.email as string),
  ); // prettier-ignore
  expect(owners).toEqual([...good, retried, retried, retried].map((one) => one.email));
});

test('whoever knows which session it is, and not its secret, has nothing and ends nothing', async () => {
  const [one, other] = await Promise.all([service.person(), service.person()]);
  const bytes = (token: string) => Buffer.from(token.slice(4), 'base64url');
  const made = (session: string, secret: Buffer) =>
    `tgr_${Buffer.concat([bytes(session).subarray(0, 16), secret]).toString('base64url')}`;
  // A secret that was never issued, and one that was, for another session.
  for (const secret of [Buffer.alloc(32, 7), bytes(other.refreshToken).subarray(16)]) {
    const answer = await refresh(made(one.refreshToken, secret));
    expect([answer.status, answer.body.code]).toEqual([401, 'invalid_refresh_token']);
    await service.call('POST', '/auth/logout', { body: { refresh_token: made(one.refreshToken, secret) } });
  }
  expect((await refresh(one.refreshToken)).status).toBe(200);
  expect((await refresh(other.refreshToken)).status).toBe(200);
});

test('who had a token of the session and makes another up ends it, as with the one they had', async () => {
  const { refreshToken } = await service.person();
  const next = (await refresh(refreshToken)).body.refresh_token as string;
  const madeUp = `tgr_${Buffer.concat([Buffer.from(next.slice(4), 'base64url').subarray(0, 32), Buffer.alloc(16, 7)]).toString('base64url')}`;
  expect((await refresh(madeUp)).body.code).toBe('reused_refresh_token');
  expect((await refresh(next)).body.code).toBe('invalid_refresh_token');
});

test('within the window the last eight tokens answer, each with the successor it had, and the ninth is a reuse', async () => {
  const { refreshToken } = await service.person();
  const tokens = [refreshToken];
  for (let n = 0; n < 9; n += 1) tokens.push((await refresh(tokens.at(-1) ?? '')).body.refresh_token);
  for (const place of [1, 5, 8]) {
    const retried = await refresh(tokens[place] ?? '');
    expect([retried.status, retried.body.refresh_token]).toEqual([200, tokens[place + 1]]);
  }
  expect((await refresh(tokens[0] ?? '')).body.code).toBe('reused_refresh_token');
  expect((await refresh(tokens.at(-1) ?? '')).status).toBe(401);
});

test('a retry is a reuse when its own use was before the window, whatever came after it', async () => {
  const { refreshToken } = await service.person();
  const second = (await refresh(refreshToken)).body.refresh_token as string;
  service.clock.advance(20);
  const third = (await refresh(second)).body.refresh_token as string;
  service.clock.advance(20);
  expect((await refresh(second)).body.refresh_token).toBe(third);
  expect((await refresh(refreshToken)).body.code).toBe('reused_refresh_token');
});

test('without a window each second use is a reuse, however many come at once', async () => {
  const strict = await startTestService({ env: { REFRESH_REPLAY_WINDOW: '0' } });
  const { refreshToken } = await strict.person();
  const use = (refresh_token: string) => strict.call('POST', '/auth/refresh', { body: { refresh_token } });
  const answers = await Promise.all(Array.from({ length: 50 }, () => use(refreshToken)));
  const [won] = answers.filter(({ status }) => status === 200);
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
  const [reused, gone] = ['reused_refresh_token', 'invalid_refresh_token'].map(
    (code) => answers.filter(({ body }) => body.code === code).length,
  );
  expect(reused).toBeGreaterThan(0);
  expect((reused ?? 0) + (gone ?? 0)).toBe(49);
  expect((await use(won?.body.refresh_token)).status).toBe(401);
  await strict.stop();
});

test('of many who refresh while the session is ended, nobody holds a living token afterwards', async () => {
  const people = await Promise.all(Array.from({ length: 12 }, () => service.person()));
  const ended = await Promise.all(
    people.map(async ({ refreshToken, accessToken }) => {
      const refreshing = Array.from({ length: 8 }, () => refresh(refreshToken));
      const leaving = service.call('POST', '/auth/logout', { body: { refresh_token: refreshToken } });
      const answers = await Promise.all([...refreshing, leaving]);
      return { accessToken, answers, all: answers.slice(0, -1).flatMap(({ body }) => (body.refresh_token as string | undefined) ?? []) };
    }),
  ); // prettier-ignore
  for (const { answers, all } of ended) {
    expect(answers.every(({ status }) => [200, 204, 401].includes(status))).toBe(true);
    for (const token of new Set(all)) expect((await refresh(token)).status).toBe(401);
  }
  const { rows } = await service.app
    .get(Database)
    .pool.query(`SELECT 1 FROM refresh_tokens WHERE user_id = ANY($1)`, [people.map(({ id }) => id)]);
  expect(rows).toEqual([]);
});

test('what Postgres finds wrong with one of a batch is not the loss of the others', async () => {
  const sizes: number[] = [];
  const batches = new Batches<string, number>({
    keyOf: (item) => item,
    most: 4,
    atOnce: 2,
    async run(items) {
      sizes.push(items.length);
      const text = `SELECT t.item::int AS number FROM unnest($1::text[]) WITH ORDINALITY AS t (item, place) ORDER BY place`;
      const rows = await service.app
        .get(Database)
        .query<{ number: number }>({ name: 'numbers', text }, [items]);
      return rows.map(({ number }) => number);
    },
  });
  const asked = ['1', '2', 'no number', '4', '5', '5', '7'];
  const outcomes = await Promise.allSettled(asked.map((item) => batches.add(item)));
  expect(outcomes.map((one) => (one.status === 'fulfilled' ? one.value : one.status))).toEqual([
    1,
    2,
    'rejected',
    4,
    5,
    5,
    7,
  ]);
  expect(outcomes[2]).toMatchObject({ reason: expect.any(pg.DatabaseError) as unknown });
  // Four at once, then each of these alone; of the two alike the second went with the next.
  expect(sizes[0]).toBe(4);
  expect(Math.max(...sizes)).toBe(4);
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(asked.length + 4);
});
