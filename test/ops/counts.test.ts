import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Counts } from '../../src/ops/counts.js';
import { startTestService, type TestService } from '../support/harness.js';

let first: TestService;
let second: TestService;
beforeAll(async () => {
  first = await startTestService();
  const { databaseUrl, masterKey } = first;
  second = await startTestService({ databaseUrl, masterKey });
});
afterAll(async () => {
  await second.stop();
  await first.stop();
});

const countsOf = (n: number) => (n % 2 === 0 ? first : second).app.get(Counts);
const inAnHour = () => Date.now() + 3_600_000;
const upTo = (count: number) => Array.from({ length: count }, (_, n) => n + 1);

test('of many who count at once, in whatever replica, no two stand at the same point', async () => {
  const key = randomUUID();
  const all = await Promise.all(
    upTo(50).map((n) => countsOf(n).take({ key, points: 1, expire: inAnHour() })),
  );
  expect(all.map(({ points }) => points).sort((a, b) => a - b)).toEqual(upTo(50));
  expect(new Set(all.map(({ expire }) => expire)).size).toBe(1);

  const given = upTo(10).map((n) => countsOf(n).giveBack({ key, windowEnd: all[0]?.expire }));
  const [more] = await Promise.all([
    Promise.all(upTo(20).map((n) => countsOf(n).take({ key, points: 1, expire: inAnHour() }))),
    ...given,
  ]);
  expect(more).toHaveLength(20);
  expect((await countsOf(0).take({ key, points: 1, expire: inAnHour() })).points).toBe(50 + 20 - 10 + 1);
});

test('what was taken in a window that is over gives nothing back in the next, nor begins one', async () => {
  const [key, absent] = [randomUUID(), randomUUID()];
  const counts = countsOf(0);
  const expire = inAnHour();
  await counts.take({ key, points: 3, expire });
  await counts.giveBack({ key, windowEnd: expire - 1000 });
  expect(await counts.take({ key, points: 1, expire })).toEqual({ points: 4, expire });
  await Promise.all(upTo(9).map(() => counts.giveBack({ key, windowEnd: expire })));
  expect(await counts.take({ key, points: 1, expire })).toEqual({ points: 1, expire });
  await counts.giveBack({ key, windowEnd: undefined });
  expect(await counts.take({ key, points: 2, expire })).toEqual({ points: 2, expire });

  await counts.giveBack({ key: absent, windowEnd: undefined });
  expect(await counts.take({ key: absent, points: 1, expire })).toEqual({ points: 1, expire });
  const over = randomUUID();
  await counts.take({ key: over, points: 1, expire: Date.now() - 1 });
  await counts.giveBack({ key: over, windowEnd: undefined });
  expect(await counts.take({ key: over, points: 1, expire })).toEqual({ points: 1, expire });
});

test('keys that are counted together do not mix, and many at once in two replicas lock each other out of nothing', async () => {
  const keys = upTo(20).map(() => randomUUID());
  const asked = upTo(10).flatMap((n) => (n % 2 === 0 ? keys : keys.toReversed()).map((key) => ({ key, n })));
  const all = await Promise.all(
    asked.map(async ({ key, n }) => ({
      key,
      ...(await countsOf(n).take({ key, points: 1, expire: inAnHour() })),
    })),
  );
  for (const key of keys) {
    const points = all.filter((one) => one.key === key).map((one) => one.points);
    expect(points.sort((a, b) => a - b)).toEqual(upTo(10));
  }
});

test('a window that is over begins anew, and so does a key that was forgotten', async () => {
  const [over, forgotten] = [randomUUID(), randomUUID()];
  const counts = countsOf(0);
  await counts.take({ key: over, points: 7, expire: Date.now() - 1 });
  const expire = inAnHour();
  expect(await counts.take({ key: over, points: 1, expire })).toEqual({ points: 1, expire });
  await counts.take({ key: forgotten, points: 7, expire });
  await Promise.all([counts.forget(forgotten), countsOf(1).forget(forgotten)]);
  expect(await counts.take({ key: forgotten, points: 1, expire })).toEqual({ points: 1, expire });
});
