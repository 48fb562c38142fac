import { expect, test } from '@jest/globals';
import { HashQueueFull, PasswordHasher } from '../../src/crypto/password-hasher.js';
import { startTestService } from '../support/harness.js';

const COST = { memoryKib: 19_456, passes: 2 };

test('more hashes than may run and wait are refused, and the others all come through in turn', async () => {
  const hasher = new PasswordHasher(COST, 2, 3);
  const results = await Promise.allSettled(
    Array.from({ length: 9 }, (_, n) => hasher.inLine(() => hasher.hash(`password ${n}`))),
  );
  const refused = results.filter((one) => one.status === 'rejected');
  expect(refused).toHaveLength(4);
  expect(refused.every(({ reason }) => reason instanceof HashQueueFull)).toBe(true);
  expect(await hasher.hash('and one more')).toMatch(/^\$argon2id\$/);
  await hasher.onApplicationShutdown();
});

test('a storm of logins gets 503 with Retry-After past the queue, while other requests are answered', async () => {
  const service = await startTestService({
    env: {
      HASH_THREADS: '1',
      HASH_QUEUE: '1',
      PASSWORD_MEMORY_KIB: '131072',
      LOGIN_LIMIT_ACCOUNT: '100000',
    },
  });
  try {
    const { email, accessToken } = await service.person();
    let done = false;
    const storm = Promise.all(
      Array.from({ length: 60 }, () =>
        service.call('POST', '/auth/login', { body: { email, password: 'not the right one' } }),
      ),
    ).finally(() => (done = true));
    let answered = 0;
    const storming = () => !done;
    while (storming()) {
      expect((await service.call('GET', '/auth/me', { bearer: accessToken })).status).toBe(200);
      answered += 1;
    }
    const answers = await storm;
    const full = answers.filter(({ status }) => status === 503);
    expect(answers.filter(({ status }) => status === 401).length).toBeGreaterThanOrEqual(1);
    expect(full.length).toBeGreaterThan(0);
    expect(answers).toHaveLength(60);
    for (const { status } of answers) expect([401, 503]).toContain(status);
    for (const { headers } of full) expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
    expect(answered).toBeGreaterThan(0);
  } finally {
    await service.stop();
  }
});
