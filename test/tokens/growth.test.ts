import { randomBytes } from 'node:crypto';
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
const rowsOf = async (userId: string) =>
  (
    await sql(`SELECT 1 FROM refresh_tokens t JOIN sessions s ON s.id = t.session_id WHERE s.user_id = $1`, [
      userId,
    ])
  ).rows.length;
const sessionOf = async (userId: string) =>
  (await sql<{ id: string }>(`SELECT id FROM sessions WHERE user_id = $1`, [userId])).rows[0]?.id;

test('however many have had their time, one run removes them all and nothing else', async () => {
  const person = await service.person();
  const living = await sessionOf(person.id);
  const now = service.clock.now();
  const ago = (days: number) => new Date(now.getTime() - days * DAY * 1000);
  await sql(
    `INSERT INTO refresh_tokens (digest, session_id, issued_at, expires_at, used_at)
     SELECT sha256(($1 || n)::bytea), $2, $3::timestamptz + n * interval '1 second', $4, $3::timestamptz + n * interval '2 seconds'
     FROM generate_series(1, 2500) n`,
    [randomBytes(8).toString('hex'), living, ago(20), ago(-1)],
  );
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

  expect(await reap()).toEqual({ sessions: 410, superseded: 2500 });
  const left = await sql(`SELECT 1 FROM sessions WHERE client_id = 'growth'`);
  expect(left.rows).toHaveLength(5);
  expect(await reap()).toEqual({ sessions: 0, superseded: 0 });
  expect((await refresh(person.refreshToken)).status).toBe(200);
});

test('a living session keeps the refresh tokens used within a week, and a late reuse of one still ends it', async () => {
  const { id, refreshToken } = await service.person();
  const tokens = [refreshToken];
  for (const pause of [60, 60, 5 * DAY]) {
    service.clock.advance(pause);
    const answer = await refresh(tokens.at(-1) ?? '');
    expect(answer.status).toBe(200);
    tokens.push(answer.body.refresh_token);
  }
  service.clock.advance(3.5 * DAY);
  expect(await rowsOf(id)).toBe(4);
  await reap();
  expect(await rowsOf(id)).toBe(2);

  // Forgotten: not valid, but no reuse either.
  expect((await refresh(tokens[0] ?? '')).body.code).toBe('invalid_refresh_token');
  const next = await refresh(tokens[3] ?? '');
  expect(next.status).toBe(200);
  // Used three days ago: a reuse, and the end of the session.
  expect((await refresh(tokens[2] ?? '')).body.code).toBe('reused_refresh_token');
  expect((await refresh(next.body.refresh_token)).status).toBe(401);
});

test('marking a refresh token used stays on its page, so that its indexes do not grow with it', async () => {
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
