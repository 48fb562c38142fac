import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Dictionaries } from './dictionaries.js';

/** The dictionaries, packed in a thread that then ends: what they took unpacked, 40 MB, goes with it. */
export async function loadInThread(file: string): Promise<Dictionaries> {
  const thread = new Worker(new URL(file));
  const ended = once(thread, 'exit').then(([code]) => {
    throw new Error(`the thread that loads the dictionaries ended (${String(code)})`);
  });
  try {
    const [dictionaries] = (await Promise.race([once(thread, 'message'), ended])) as [Dictionaries];
    return dictionaries;
  } finally {
    ended.catch(() => undefined);
    await thread.terminate();
  }
}
