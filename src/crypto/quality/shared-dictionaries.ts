import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { lost } from '../hash-thread.js';
import { DICTIONARIES_WORKER_FILE } from '../worker-files.js';
import type { Dictionaries } from './dictionaries.js';

/** The dictionaries, loaded for the first password to judge and then kept: packed, they take 4 MB. */
export class SharedDictionaries {
  private loaded: Promise<Dictionaries> | undefined;

  constructor(private readonly file = DICTIONARIES_WORKER_FILE) {}

  /** @throws HashThreadLost */
  async load(): Promise<Dictionaries> {
    this.loaded ??= loadInThread(this.file).catch((error: unknown) => {
      this.loaded = undefined;
      throw lost(error);
    });
    return this.loaded;
  }
}

/** Packed in a thread that then ends: what they took unpacked, 40 MB, goes with it. */
async function loadInThread(file: string): Promise<Dictionaries> {
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
