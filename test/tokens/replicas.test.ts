import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { KeyRing } from '../../src/tokens/key-ring.js';
import { startTestService, type TestService } from '../support/harness.js';

let one: TestService;
let two: TestService;
beforeAll(async () => {
  one = await startTestService();
  const { databaseUrl, masterKey, url: publicUrl } = one;
  two = await startTestService({ databaseUrl, masterKey, publicUrl });
});
afterAll(async () => {
  await Promise.all([one.stop(), two.stop()]);
});

const second = () => new Promise((resolve) => setTimeout(resolve, 1000));
const status = async (service: TestService, bearer: string) =>
  (await service.call('GET', '/auth/me', { bearer })).status;

test('a session ended on one replica is refused on the other within a second', async () => {
  const { accessToken } = await one.person();
  expect(await status(two, accessToken)).toBe(200);
  expect((await one.call('POST', '/auth/logout', { bearer: accessToken })).status).toBe(204);
  expect(await status(one, accessToken)).toBe(401);
  await second();
  expect(await status(two, accessToken)).toBe(401);
});

test('a key revoked or rotated on one replica is refused on the other within a second', async () => {
  const { accessToken } = await one.person();
  const make = async () =>
    (await one.call('POST', '/keys', { bearer: accessToken, body: { name: 'k' } })).body;
  const [revoked, rotated] = [await make(), await make()];
  expect([await status(two, revoked.key), await status(two, rotated.key)]).toEqual([200, 200]);
  await one.call('DELETE', `/keys/${revoked.id}`, { bearer: accessToken });
  const fresh = await one.call('POST', `/keys/${rotated.id}/rotate`, { bearer: accessToken, body: {} });
  await second();
  expect([await status(two, revoked.key), await status(two, rotated.key)]).toEqual([401, 401]);
  expect(await status(two, fresh.body.key)).toBe(200);
});

test('50 refreshes over both replicas get one successor', async () => {
  const { refreshToken } = await one.person();
  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, n) =>
      (n % 2 ? one : two).call('POST', '/auth/refresh', { body: { refresh_token: refreshToken } }),
    ),
  );
  expect(new Set(answers.map(({ body }) => body.refresh_token as string)).size).toBe(1);
});

test('signing keys rotate without one failed verification', async () => {
  const before = await one.person();
  await one.app.get(KeyRing).rotate();
  const after = await one.person();
  for (const { accessToken } of [before, after]) {
    expect([await status(one, accessToken), await status(two, accessToken)]).toEqual([200, 200]);
  }
});

test('a family killed by reuse stays dead after a restart, and other sessions live on', async () => {
  const first = await startTestService();
  const [doomed, other] = [await first.person(), await first.person()];
  const refresh = (service: TestService, token: string) =>
    service.call('POST', '/auth/refresh', { body: { refresh_token: token } });
  const successor = await refresh(first, doomed.refreshToken);
  first.clock.advance(31);
  expect((await refresh(first, doomed.refreshToken)).body.code).toBe('reused_refresh_token');
  await first.stop();
  const { databaseUrl, masterKey, url: publicUrl } = first;
  const restarted = await startTestService({ databaseUrl, masterKey, publicUrl });
  expect((await refresh(restarted, successor.body.refresh_token)).status).toBe(401);
  expect(await status(restarted, successor.body.access_token)).toBe(401);
  expect((await refresh(restarted, other.refreshToken)).status).toBe(200);
  await restarted.stop();
});
