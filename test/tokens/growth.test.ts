import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Database } from '../../src/database/database.js';
import { SessionReaper } from '../../src/tokens/reaper.js';
import { startTestService, type TestService } from '../support/harness.js';

const DAY = 86_400;
let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.stop());

const reap = () => service.app.get(SessionReaper).reap();
const sql = <Row extends Record<string, unknown>>(text: string, values: unknown[] = []) =>
  service.app.get(Database).pool.query<Row>(text, values);
const refresh = (token: string) => service.call('POST', '/auth/refresh', { body: { refresh_token: token } });

test('however many have had their time, one run removes them all and nothing else', async () => {
  const person = await service.person();
  const now = service.clock.now();
  const ago = (days: number) => new Date(now.getTime() - days * DAY * 1000);
  const sessions = (count: number, user: string | null, created: Date, expires: Date, revoked: Date | null) =>
    sql(
      `INSERT INTO sessions (id, user_id, client_id, resource, scopes, created_at, expires_at, revoked_at, revoked_reason, changed_at)
       SELECT gen_random_uuid(), $1, 'growth', 'http://growth.example', '{}', $2, $3, $4::timestamptz,
              CASE WHEN $4::timestamptz IS NOT NULL THEN 'logout' END, least($2, clock_timestamp())
       FROM generate_series(1, $5::int)`,
      [user, created, expires, revoked, count],
    );
  await sessions(250, person.id, ago(30), ago(8), null);
  await sessions(30, person.id, ago(30), ago(-30), ago(8));
  await sessions(130, null, ago(1), ago(0.5), null);
  await sessions(3, person.id, ago(30), ago(6), null);
  await sessions(2, null, ago(0), ago(-0.01), null);

  expect(await reap()).toBe(410);
  const left = await sql(`SELECT 1 FROM sessions WHERE client_id = 'growth'`);
  expect(left.rows).toHaveLength(5);
  expect(await reap()).toBe(0);
  expect((await refresh(person.refreshToken)).status).toBe(200);
});

test('a session has one row however often it is refreshed, and even its first token, used months ago, ends it', async () => {
  const { id, refreshToken } = await service.person();
  let newest = refreshToken;
  for (let n = 0; n < 12; n += 1) {
    service.clock.advance(7 * DAY);
    const answer = await refresh(newest);
    expect(answer.status).toBe(200);
    newest = answer.body.refresh_token;
  }
  await reap();
  const rows = () => sql(`SELECT used FROM refresh_tokens WHERE user_id = $1`, [id]);
  expect((await rows()).rows).toEqual([{ used: [expect.any(Buffer)] }]);
  expect((await refresh(refreshToken)).body.code).toBe('reused_refresh_token');
  expect((await rows()).rows).toEqual([]);
  expect((await refresh(newest)).body.code).toBe('invalid_refresh_token');
});

test('a rotation stays on its page, so that the index does not grow with it', async () => {
  let { refreshToken } = await service.person();
  const updates = async () => {
    // Statistics are reported when a backend is idle for a moment.
    await sql(`SELECT pg_stat_clear_snapshot()`);
    return (
      await sql<{ all: string; hot: string }>(
        `SELECT n_tup_upd AS all, n_tup_hot_upd AS hot FROM pg_stat_user_tables WHERE relname = 'refresh_tokens'`,
      )
    ).rows[0];
  };
  const before = Number((await updates())?.all ?? 0);
  for (let n = 0; n < 40; n += 1) refreshToken = (await refresh(refreshToken)).body.refresh_token;
  let after = await updates();
  for (let tries = 0; Number(after?.all ?? 0) < before + 40 && tries < 200; tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    after = await updates();
  }
  expect(Number(after?.all)).toBeGreaterThanOrEqual(before + 40);
  expect(Number(after?.hot) / Number(after?.all)).toBeGreaterThan(0.8);
});
