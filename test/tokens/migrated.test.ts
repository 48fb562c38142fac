import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, expect, test } from '@jest/globals';
import { DataSource } from 'typeorm';
import { sha256 } from '../../src/crypto/digest.js';
import { uuidBytes } from '../../src/crypto/uuid.js';
import { dataSourceOptions } from '../../src/database/data-source.js';
import { migrate } from '../../src/database/migrate.js';
import { remember } from '../support/credentials.js';
import { startTestService, type TestService } from '../support/harness.js';
import { createDatabase, queryOnce } from '../support/postgres.js';

/** As they were made when a session had a row for each of its tokens. */
function oldToken(session: string): string {
  const token = `tgr_${Buffer.concat([uuidBytes(session), randomBytes(32)]).toString('base64url')}`;
  remember({ refresh_token: token });
  return token;
}

let service: TestService | undefined;
afterAll(() => service?.stop());

test('a token that could be used when its table changed still can, once, and is detected like any other', async () => {
  const url = await createDatabase();
  const dataSource = await new DataSource(dataSourceOptions(url, 1)).initialize();
  await dataSource.undoLastMigration();
  await dataSource.destroy();
  const [user, disabled, living, ended, theirs] = Array.from({ length: 5 }, () => randomUUID()) as [
    string,
    string,
    string,
    string,
    string,
  ];
  const resource = 'http://127.0.0.1:1/mcp';
  await queryOnce(
    url,
    `INSERT INTO users (id, email, scopes, created_at, disabled_at)
     VALUES ($1, 'old@example.com', '{mcp:write}', now(), NULL), ($2, 'gone@example.com', '{mcp:write}', now(), now())`,
    [user, disabled],
  );
  for (const [session, person, revoked] of [
    [living, user, null],
    [ended, user, 'logout'],
    [theirs, disabled, null],
  ])
    await queryOnce(
      url,
      `INSERT INTO sessions (id, user_id, client_id, resource, scopes, created_at, expires_at, revoked_at, revoked_reason)
       VALUES ($1, $2, 'toolgate', $3, '{notes:read}', now(), now() + interval '9 days', CASE WHEN $4::text IS NOT NULL THEN now() END, $4)`,
      [session, person, resource, revoked],
    );
  const [first, second, third, fourth] = [
    oldToken(living),
    oldToken(living),
    oldToken(ended),
    oldToken(theirs),
  ];
  for (const [token, session, minutes, used] of [
    [first, living, 2, true],
    [second, living, 1, false],
    [third, ended, 1, false],
    [fourth, theirs, 1, false],
  ] as const)
    await queryOnce(
      url,
      `INSERT INTO refresh_tokens (session_id, digest, issued_at, expires_at, used_at)
       VALUES ($1, $2, now() - $3::int * interval '1 minute', now() + interval '20 days', CASE WHEN $4 THEN now() END)`,
      [session, sha256(token), minutes, used],
    );
  expect(await migrate(url)).toHaveLength(1);

  service = await startTestService({ databaseUrl: url });
  const refresh = (token: string) =>
    service?.call('POST', '/auth/refresh', { body: { refresh_token: token } }) ?? Promise.reject(new Error());
  // Not known any more, and so no proof of a copy.
  expect((await refresh(first)).body.code).toBe('invalid_refresh_token');
  expect((await refresh(third)).body.code).toBe('invalid_refresh_token');
  expect((await refresh(fourth)).body.code).toBe('invalid_refresh_token');
  const successor = await refresh(second);
  expect([successor.status, successor.body.scope]).toEqual([200, 'notes:read']);
  expect((await refresh(second)).body.refresh_token).toBe(successor.body.refresh_token);
  const next = await refresh(successor.body.refresh_token);
  expect(next.status).toBe(200);
  service.clock.advance(60);
  expect((await refresh(second)).body.code).toBe('reused_refresh_token');
  expect((await refresh(next.body.refresh_token)).status).toBe(401);
});

test('and back: the token of a session stays good in the table of before', async () => {
  const now = await startTestService();
  const { refreshToken } = await now.person();
  const { databaseUrl: url, masterKey } = now;
  const successor = await now.call('POST', '/auth/refresh', { body: { refresh_token: refreshToken } });
  await now.stop();
  const dataSource = await new DataSource(dataSourceOptions(url, 1)).initialize();
  await dataSource.undoLastMigration();
  await dataSource.destroy();
  const rows = await queryOnce(url, 'SELECT digest, used_at FROM refresh_tokens');
  expect(rows).toEqual([{ digest: sha256(successor.body.refresh_token as string), used_at: null }]);
  await migrate(url);
  const again = await startTestService({ databaseUrl: url, masterKey });
  const refreshed = await again.call('POST', '/auth/refresh', { body: { refresh_token: successor.body.refresh_token } }); // prettier-ignore
  expect(refreshed.status).toBe(200);
  await again.stop();
});
