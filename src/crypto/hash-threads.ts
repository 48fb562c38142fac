import type { Piscina } from 'piscina';
import type { HashTask, JudgeTask, Outcome, VerifyTask } from './hash.worker.js';
import type { Dictionaries } from './quality/dictionaries.js';
import type { Advice } from './quality/judge.js';
import { loadInThread } from './quality/load-in-thread.js';
import { DICTIONARIES_WORKER_FILE, HASH_WORKER_FILE } from './worker-files.js';

/** A thread that has nothing to do ends after this: it takes 10 MB. */
const IDLE_MS = 30_000;

/** Thrown when no thread could do it: none would start, or the one at work ended. The caller answers 503. */
export class HashThreadLost extends Error {
  override readonly name = 'HashThreadLost';
}

/** argon2id, and the judgement of new passwords, in threads of their own, of lower priority (docs/adr/0024). They start with the first hash. */
export class HashThreads {
  private pool: Promise<Piscina> | undefined;
  /** The same once it is there, until it is given up. */
  private live: Piscina | undefined;
  private stopped = false;
  /** Loaded for the first password to judge, and then kept: packed, they take 4 MB. */
  private dictionaries: Promise<Dictionaries> | undefined;
  /** Who waits for a thread: the pool itself tells nobody when the last one is gone before it took up work. */
  private readonly waiting = new Set<(error: HashThreadLost) => void>();

  constructor(
    private readonly most: number,
    private readonly file = HASH_WORKER_FILE,
    private readonly dictionariesFile = DICTIONARIES_WORKER_FILE,
  ) {}

  /** @throws HashThreadLost */
  async hash(task: HashTask): Promise<string> {
    return this.run<string>('hash', task);
  }

  /** @throws HashThreadLost */
  async verify(task: VerifyTask): Promise<boolean> {
    return this.run<boolean>('verify', task);
  }

  /** @throws HashThreadLost */
  async judge(password: string, known: readonly string[]): Promise<Advice> {
    if (this.stopped) throw new HashThreadLost('the service stops');
    return this.run<Advice>('judge', { password, known, dictionaries: await this.loadDictionaries() });
  }

  async stop(): Promise<void> {
    this.stopped = true;
    const pool = this.pool;
    this.forget(new Error('the service stops'));
    await (await pool)?.destroy();
  }

  private async run<Result>(name: string, task: HashTask | VerifyTask | JudgeTask): Promise<Result> {
    if (this.stopped) throw new HashThreadLost('the service stops');
    const pool = await this.start();
    if (this.live !== pool) throw new HashThreadLost('the threads are gone');
    const outcome = await this.inThread<Outcome<Result>>(pool, name, task);
    if ('refused' in outcome) throw new Error(outcome.refused);
    return outcome.result;
  }

  private async inThread<Result>(pool: Piscina, name: string, task: object): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.waiting.add(reject);
      // In a function of its own: where no thread can be made, `run` throws instead of rejecting.
      const run = async () => pool.run(task, { name }) as Promise<Result>;
      void run()
        .then(resolve, (error: unknown) => {
          reject(lost(error));
          this.check(pool, error);
        })
        .finally(() => this.waiting.delete(reject));
    });
  }

  private async loadDictionaries(): Promise<Dictionaries> {
    this.dictionaries ??= loadInThread(this.dictionariesFile).catch((error: unknown) => {
      this.dictionaries = undefined;
      throw lost(error);
    });
    return this.dictionaries;
  }

  private async start(): Promise<Piscina> {
    this.pool ??= import('piscina').then(({ Piscina }) => {
      const pool = new Piscina({
        filename: this.file,
        minThreads: 0,
        maxThreads: this.most,
        idleTimeout: IDLE_MS,
        recordTiming: false,
        resourceLimits: { maxYoungGenerationSizeMb: 2 },
      });
      // Unheard, the event would end the process.
      pool.on('error', (error) => {
        this.check(pool, error);
      });
      if (!this.stopped) this.live = pool;
      return pool;
    });
    return this.pool;
  }

  /** What waits while there is a thread is done by it. Without one nothing would ever happen: the next begins anew. */
  private check(pool: Piscina, error: unknown): void {
    if (pool === this.live && pool.threads.length === 0) this.forget(error);
  }

  private forget(cause: unknown): void {
    this.pool = undefined;
    this.live = undefined;
    for (const reject of this.waiting) reject(lost(cause));
    this.waiting.clear();
  }
}

const lost = (cause: unknown) =>
  new HashThreadLost(
    `no thread to hash a password in: ${cause instanceof Error ? cause.message : String(cause)}`,
    {
      cause,
    },
  );
