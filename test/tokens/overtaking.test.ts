import { afterAll, beforeAll, expect, test } from '@jest/globals';
import pg from 'pg';
import { UpstreamIdentitiesRepository } from '../../src/users/upstream-identities.repository.js';
import { UsersRepository } from '../../src/users/users.repository.js';
import { type Answer, PASSWORD, startTestService, type TestService } from '../support/harness.js';

/** Who ends a session, and who refreshes, signs in or makes a key at that moment, on two replicas. */
let one: TestService;
let two: TestService;
let sql: pg.Client;
beforeAll(async () => {
  one = await startTestService();
  const { databaseUrl, masterKey, url: publicUrl } = one;
  two = await startTestService({ databaseUrl, masterKey, publicUrl });
  sql = new pg.Client({ connectionString: databaseUrl });
  await sql.connect();
});
afterAll(async () => {
  await sql.end();
  await Promise.all([one.stop(), two.stop()]);
});

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const refresh = (at: TestService, refresh_token: string) =>
  at.call('POST', '/auth/refresh', { body: { refresh_token } });
const deadlocks = async () => {
  // A backend reports what it counted when it has been idle for a moment.
  await pause(1100);
  const { rows } = await sql.query<{ deadlocks: string }>(
    'SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()',
  );
  return Number(rows[0]?.deadlocks);
};

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
  const before = await deadlocks();
  for (let round = 0; round < 12; round += 1) {
    const person = await one.person();
    const refreshing = keepRefreshing(person.refreshToken, 6);
    await pause(40);
    if (round % 2) await one.app.get(UsersRepository).disable(person.email, new Date());
    else {
      const body = { refresh_token: person.refreshToken };
      expect((await two.call('POST', '/auth/logout', { body })).status).toBe(204);
    }
    expect(statuses(await refreshing)).toEqual([200, 401]);
  }
  expect(await deadlocks()).toBe(before);
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
  const before = await deadlocks();
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
  expect(await deadlocks()).toBe(before);
});

test('what an account takeover ends it ends wholly: no sign-in by the old password and no key outlives it', async () => {
  for (let round = 0; round < 8; round += 1) {
    const squatter = await one.person();
    const login = one.call('POST', '/auth/login', { body: { email: squatter.email, password: PASSWORD } });
    const making = Array.from({ length: 4 }, () =>
      two.call('POST', '/keys', { bearer: squatter.accessToken, body: { name: 'mine' } }),
    );
    await pause(round * 4);
    const owner = { provider: 'idp', subject: `owner-${round}`, email: squatter.email, emailVerified: true, name: null }; // prettier-ignore
    const settled = await one.app.get(UpstreamIdentitiesRepository).settle(owner, ['mcp:write'], new Date());
    expect(settled).toMatchObject({ outcome: 'taken_over', userId: squatter.id });
    // A replica that has not heard of it yet.
    const late = await two.call('POST', '/keys', { bearer: squatter.accessToken, body: { name: 'late' } });
    expect(late.status).toBe(401);
    const { body } = await login;
    if (body.refresh_token) expect((await refresh(one, body.refresh_token)).status).toBe(401);
    await Promise.all(making);
    const { rows } = await sql.query(
      `SELECT id FROM sessions WHERE user_id = $1 AND revoked_at IS NULL
       UNION ALL SELECT id FROM api_keys WHERE user_id = $1 AND revoked_at IS NULL`,
      [squatter.id],
    );
    expect(rows).toEqual([]);
  }
});
