import { expect, test } from '@jest/globals';
import type { Outcome, Task } from '../../src/crypto/hash.worker.js';
import { HashTurns } from '../../src/crypto/hash-turns.js';

/** Workers that say what they were given, when they are told to. */
function workers(concurrency: number) {
  const begun: { passwords: string[]; done: (outcomes?: Outcome[]) => void; lost: (error: Error) => void }[] =
    [];
  const run = (tasks: readonly Task[]) =>
    new Promise<Outcome[]>((resolve, reject) => {
      const passwords = tasks.map(({ password }) => password);
      begun.push({
        passwords,
        done: (outcomes = passwords.map((result) => ({ result }))) => {
          resolve(outcomes);
        },
        lost: reject,
      });
    });
  return { begun, turns: new HashTurns(Array.from({ length: concurrency }, () => ({ run }))) };
}
const task = (n: number) => ({ password: String(n), memoryKib: 19_456, passes: 2 });
const settled = () => new Promise((resolve) => setImmediate(resolve));

test('who comes alone is taken up alone, and of a long line some together, in their order and each with its own answer', async () => {
  const { begun, turns } = workers(1);
  const answers = Promise.all(Array.from({ length: 64 }, (_, n) => turns.hash(task(n))));
  for (let n = 0; begun.length > n; n += 1) {
    begun[n]?.done();
    await settled();
  }
  expect(await answers).toEqual(Array.from({ length: 64 }, (_, n) => String(n)));
  const sizes = begun.map(({ passwords }) => passwords.length);
  expect(sizes[0]).toBe(1);
  expect(sizes[1]).toBe(4);
  // Of the last four each alone: the others would have waited for nothing else.
  expect(sizes.slice(-4)).toEqual([1, 1, 1, 1]);
  expect(sizes).toEqual([sizes[0], ...sizes.slice(1).sort((a, b) => b - a)]);
});

test('as many threads work as there are, and what one refuses or loses is no other answer', async () => {
  const { begun, turns } = workers(2);
  const results = Promise.allSettled(Array.from({ length: 11 }, (_, n) => turns.hash(task(n))));
  expect(begun.map(({ passwords }) => passwords)).toEqual([['0'], ['1']]);
  begun[0]?.lost(new Error('lost'));
  await settled();
  expect(begun[2]?.passwords).toEqual(['2', '3']);
  begun[2]?.done([{ refused: 'no' }, { result: 'three' }]);
  await settled();
  for (let n = 1; begun.length > n; n += 1) {
    if (n !== 2) begun[n]?.done();
    await settled();
  }
  const [lost, one, refused, three, ...others] = await results;
  expect(
    [lost, refused].map((result) => result?.status === 'rejected' && (result.reason as Error).message),
  ).toEqual(['lost', 'passwords: no']);
  expect([one, three, ...others].map((result) => result?.status === 'fulfilled' && result.value)).toEqual([
    '1',
    'three',
    ...Array.from({ length: 7 }, (_, n) => String(n + 4)),
  ]);
});
