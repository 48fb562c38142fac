import { afterEach, expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { HashThreadLost, HashThread } from '../../src/crypto/hash-thread.js';
import { HashTurns } from '../../src/crypto/hash-turns.js';
import { SharedDictionaries } from '../../src/crypto/quality/shared-dictionaries.js';

const TASK = { password: 'a password', memoryKib: 19_456, passes: 2 };
const BUILT = new URL('../../dist/src/crypto/hash-thread.js', import.meta.url).href;
const temporary: string[] = [];

afterEach(async () => {
  for (const directory of temporary.splice(0)) await rm(directory, { recursive: true });
});

/** A worker in a folder with a space in its name; threads that start after `nowDo` do the other thing. */
async function workerThat(doing: string): Promise<{ file: string; nowDo(other: string): Promise<void> }> {
  const directory = await mkdtemp(join(tmpdir(), 'hash threads '));
  temporary.push(directory);
  const file = join(directory, 'worker.mjs');
  const nowDo = (other: string) => writeFile(file, other);
  await nowDo(doing);
  return { file: pathToFileURL(file).href, nowDo };
}

test('threads that cannot start refuse what waited for them, end nothing else, and are tried again', async () => {
  const worker = await workerThat(`throw new Error('no room');`);
  const threads = new HashThread(worker.file);
  const results = await Promise.allSettled([1, 2, 3].map(() => threads.run([TASK])));
  for (const result of results)
    expect(result.status === 'rejected' && result.reason).toBeInstanceOf(HashThreadLost);
  await worker.nowDo(`export default () => [{ result: 'hashed' }];`);
  expect(await threads.run([TASK])).toEqual([{ result: 'hashed' }]);
  await threads.stop();
});

test('a thread that ends at work refuses that work, and the next gets another', async () => {
  const worker = await workerThat(
    `export default ([task]) => (task.stored ? [{ result: true }] : process.exit(1));`,
  );
  const threads = new HashThread(worker.file);
  await expect(threads.run([TASK])).rejects.toBeInstanceOf(HashThreadLost);
  expect(await threads.run([{ password: 'a', stored: 'b' }])).toEqual([{ result: true }]);
  await threads.stop();
});

test('without dictionaries no password is judged strong, and they are tried again', async () => {
  const worker = await workerThat(`process.exit(1);`);
  const dictionaries = new SharedDictionaries(worker.file);
  await expect(dictionaries.load()).rejects.toBeInstanceOf(HashThreadLost);
  await worker.nowDo(`throw new Error('no room');`);
  await expect(dictionaries.load()).rejects.toBeInstanceOf(HashThreadLost);
  const send = `import { parentPort } from 'node:worker_threads'; parentPort.postMessage({ name: 'packed' });`;
  await worker.nowDo(send);
  expect(await dictionaries.load()).toEqual({ name: 'packed' });
});

test('a password is judged in the thread, and hashed if it is strong', async () => {
  const threads = new HashThread();
  const dictionaries = await new SharedDictionaries().load();
  const turns = new HashTurns([threads]);
  const [weak, strong] = await Promise.all(
    ['password1', 'lentil harbour quartz mitten'].map((password) =>
      turns.hashStrong({ ...TASK, password, known: [], dictionaries }),
    ),
  );
  expect(weak).toMatchObject({
    advice: expect.arrayContaining(['This is a commonly used password.']) as unknown,
  });
  expect(strong).toMatch(/^\$argon2id\$/);
  await threads.stop();
});

test('a stored hash that is none is no fault of the thread', async () => {
  const threads = new HashThread();
  const turns = new HashTurns([threads]);
  const malformed = turns.verify({ password: 'a password', stored: 'garbage' });
  await expect(malformed).rejects.not.toBeInstanceOf(HashThreadLost);
  await expect(malformed).rejects.toThrow('passwords: Decoding failed');
  await threads.stop();
});

test('a stop refuses what runs and what comes after', async () => {
  const worker = await workerThat(`export default () => new Promise(() => setInterval(() => 0, 1e6));`);
  const threads = new HashThread(worker.file);
  const running = threads.run([TASK]);
  const waiting = threads.run([TASK]);
  const refused = Promise.all(
    [running, waiting].map((one) => expect(one).rejects.toBeInstanceOf(HashThreadLost)),
  );
  await new Promise((resolve) => setTimeout(resolve, 300));
  await threads.stop();
  await refused;
  await expect(threads.run([TASK])).rejects.toBeInstanceOf(HashThreadLost);
});

test('a process of the lowest priority, which may not raise it, hashes too', async () => {
  const script = `const { HashThread } = await import(${JSON.stringify(BUILT)});
    const threads = new HashThread();
    console.log((await threads.run([${JSON.stringify(TASK)}]))[0].result);
    await threads.stop();`;
  const node = [process.execPath, '--input-type=module', '-e', script];
  // Only root may raise it, so it must not be able to either.
  const mightRaise = process.platform === 'linux' && process.getuid?.() === 0;
  const weak = mightRaise ? ['setpriv', '--bounding-set=-sys_nice', ...node] : node;
  const { stdout } = await promisify(execFile)('nice', ['-n', '19', ...weak]);
  expect(stdout).toMatch(/^\$argon2id\$/);
});
