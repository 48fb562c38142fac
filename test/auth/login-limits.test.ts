import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { PASSWORD, startTestService, type TestService } from '../support/harness.js';

let service: TestService;
beforeAll(async () => {
  service = await startTestService({ env: { LOGIN_LIMIT_ACCOUNT: '5' } });
});
afterAll(() => service.stop());

const guess = (email: string, password = 'wrong-Guess-77-of-many') =>
  service.call('POST', '/auth/login', { body: { email, password } });

test('wrong guesses run out, and say for how long', async () => {
  const { email } = await service.person();
  const answers = [];
  for (let n = 0; n < 6; n += 1) answers.push(await guess(email));
  expect(answers.map(({ status }) => status)).toEqual([401, 401, 401, 401, 401, 429]);
  const last = answers.at(-1);
  expect(Number(last?.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(last?.headers.get('ratelimit')).toContain('"login-account";r=0');
  expect((await guess(email, PASSWORD)).status).toBe(429);
});

test('parallel guesses get no more tries than others', async () => {
  const { email } = await service.person();
  const answers = await Promise.all(Array.from({ length: 30 }, () => guess(email)));
  expect(answers.filter(({ status }) => status === 401).length).toBeLessThanOrEqual(5);
});

test('every spelling that finds one account counts against it', async () => {
  const { email } = await service.person();
  const spellings = [
    email.toUpperCase(),
    email.replace(/e/, 'E'),
    // Postgres folds this letter to i where JavaScript makes two characters of it.
    'victim\u0130@example.com',
    'victim\u0130@EXAMPLE.com',
    'victimi@example.com',
  ];
  for (let n = 0; n < 3; n += 1) for (const spelling of spellings.slice(0, 2)) await guess(spelling);
  expect((await guess(email)).status).toBe(429);
  for (let n = 0; n < 2; n += 1) for (const spelling of spellings.slice(2)) await guess(spelling);
  expect((await guess('victimi@example.com')).status).toBe(429);
});

test('an attempt that nobody had time to look at is no guess', async () => {
  const busy = await startTestService({
    env: { LOGIN_LIMIT_ACCOUNT: '100', HASH_THREADS: '1', HASH_QUEUE: '1', PASSWORD_TIME_COST: '20' },
  });
  try {
    const { email } = await busy.person();
    const login = () =>
      busy.call('POST', '/auth/login', { body: { email, password: 'wrong-Guess-77-of-many' } });
    const statuses = [];
    // More than the limit altogether, of which hardly any is looked at.
    for (let round = 0; round < 8; round += 1)
      statuses.push(...(await Promise.all(Array.from({ length: 25 }, login))).map(({ status }) => status));
    expect(new Set(statuses)).toEqual(new Set([401, 503]));
    expect(statuses.filter((status) => status === 503).length).toBeGreaterThan(100);
  } finally {
    await busy.stop();
  }
});

test('a registration that nobody had time for is not counted', async () => {
  const busy = await startTestService({
    env: { REGISTER_LIMIT_ADDRESS: '5', HASH_THREADS: '1', HASH_QUEUE: '1', PASSWORD_TIME_COST: '20' },
  });
  try {
    const register = async (n: number) => {
      const body = { email: `busy-${n}@example.com`, password: 'violet-Kettle-9-marmalade' };
      return (await busy.call('POST', '/auth/register', { body })).status;
    };
    const first = await Promise.all(Array.from({ length: 5 }, (_, n) => register(n)));
    const made = first.filter((status) => status === 201).length;
    expect(made).toBeGreaterThan(0);
    expect(first).toContain(503);
    // Those of the first that were turned away at the door left their points.
    const later: number[] = [];
    while (later.length < 10 && !later.includes(429)) later.push(await register(100 + later.length));
    expect(later.filter((status) => status === 201).length + made).toBe(5);
  } finally {
    await busy.stop();
  }
});

test('a right password clears the account', async () => {
  const { email } = await service.person();
  for (let round = 0; round < 3; round += 1) {
    for (let n = 0; n < 4; n += 1) await guess(email);
    expect((await guess(email, PASSWORD)).status).toBe(200);
  }
});
