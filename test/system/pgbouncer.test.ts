import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { migrate } from '../../src/database/migrate.js';
import { type ChildService, startChildService } from '../support/child-service.js';
import { remember } from '../support/credentials.js';
import { type DebianPostgres, startDebianPostgres } from '../support/debian-postgres.js';
import { testEverydayUse } from '../support/everyday-use.js';
import { startTestService, type TestService } from '../support/harness.js';
import { type Pgbouncer, startPgbouncer } from '../support/pgbouncer.js';

const env = { DATABASE_PREPARED_STATEMENTS: 'false' };
let postgres: DebianPostgres;
let pgbouncer: Pgbouncer;
let migrated: string[][];
let one: TestService;
let two: TestService;
let child: ChildService;
beforeAll(async () => {
  postgres = await startDebianPostgres();
  pgbouncer = await startPgbouncer(await postgres.createDatabase(), 3);
  const { url: databaseUrl } = pgbouncer;
  migrated = await Promise.all([migrate(databaseUrl), migrate(databaseUrl)]);
  one = await startTestService({ databaseUrl, env });
  const { masterKey, url: publicUrl } = one;
  two = await startTestService({ databaseUrl, masterKey, publicUrl, env });
  child = await startChildService({
    ...env,
    DATABASE_URL: databaseUrl,
    MASTER_KEY: masterKey.toString('base64'),
    PUBLIC_URL: publicUrl,
  });
});
afterAll(async () => {
  child.process.kill('SIGTERM');
  await Promise.all([one.stop(), two.stop(), child.ended]);
  await pgbouncer.kill();
  await postgres.stop();
});

const status = async (service: TestService, bearer: string) =>
  (await service.call('GET', '/auth/me', { bearer })).status;

test('of two starters at once one migrates and the other waits', () => {
  expect(migrated.map((names) => names.length > 0).sort()).toEqual([false, true]);
});

test('more starters at once than pgbouncer has connections migrate as well', async () => {
  const few = await startPgbouncer(await postgres.createDatabase(), 3);
  const names = await Promise.all(Array.from({ length: 5 }, () => migrate(few.url)));
  expect(names.filter((ran) => ran.length > 0)).toHaveLength(1);
  await few.kill();
});

testEverydayUse(() => [one, two]);

test('a session ended on one replica is refused on the other within a second', async () => {
  const { accessToken } = await one.person();
  expect(await status(two, accessToken)).toBe(200);
  await one.call('POST', '/auth/logout', { bearer: accessToken });
  await new Promise((resolve) => setTimeout(resolve, 1000));
  expect(await status(two, accessToken)).toBe(401);
});

test('a process outlives a restart of pgbouncer: 503 while it is gone, and then as before', async () => {
  const { accessToken, refreshToken } = await one.person();
  const refresh = async () => {
    const response = await fetch(`${child.url}/auth/refresh`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ refresh_token: refreshToken }),
    });
    remember(await response.json());
    return response.status;
  };
  await pgbouncer.kill();
  expect([await refresh(), (await fetch(`${child.url}/readyz`)).status]).toEqual([503, 503]);
  await pgbouncer.start();
  expect([await refresh(), (await fetch(`${child.url}/readyz`)).status]).toEqual([200, 200]);
  expect([await status(one, accessToken), await status(two, accessToken)]).toEqual([200, 200]);
});
