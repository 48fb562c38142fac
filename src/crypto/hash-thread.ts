import type { Piscina } from 'piscina';
import type { Outcome, Task } from './hash.worker.js';
import { HASH_WORKER_FILE } from './worker-files.js';

/** A thread that has nothing to do ends after this: it takes 10 MB. */
const IDLE_MS = 30_000;

/** Thrown when no thread could do it: none would start, or the one at work ended. The caller answers 503. */
export class HashThreadLost extends Error {
  override readonly name = 'HashThreadLost';
}

/**
 * argon2id, and the judgement of new passwords, in a thread of its own, of lower priority (docs/adr/0024). It starts with the first
 * hash. A pool of one: a pool of several makes the others where nobody could catch that none is to be had.
 */
export class HashThread {
  private pool: Promise<Piscina> | undefined;
  /** The same once it is there, until it is given up. */
  private live: Piscina | undefined;
  private stopped = false;
  /** Who waits for it: the pool itself tells nobody when the thread is gone before it took up work. */
  private readonly waiting = new Set<(error: HashThreadLost) => void>();

  constructor(private readonly file = HASH_WORKER_FILE) {}

  async stop(): Promise<void> {
    this.stopped = true;
    const pool = this.pool;
    this.forget(new Error('the service stops'));
    await (await pool)?.destroy();
  }

  /**
   * One after another.
   *
   * @throws HashThreadLost
   */
  async run(tasks: readonly Task[]): Promise<Outcome[]> {
    if (this.stopped) throw new HashThreadLost('the service stops');
    const pool = await this.start();
    if (this.live !== pool) throw new HashThreadLost('the thread is gone');
    return this.inThread(pool, tasks);
  }

  private async inThread(pool: Piscina, tasks: readonly Task[]): Promise<Outcome[]> {
    return new Promise((resolve, reject) => {
      this.waiting.add(reject);
      // In a function of its own: where no thread can be made, `run` throws instead of rejecting.
      const run = async () => pool.run(tasks) as Promise<Outcome[]>;
      void run()
        .then(resolve, (error: unknown) => {
          reject(lost(error));
          this.check(pool, error);
        })
        .finally(() => this.waiting.delete(reject));
    });
  }

  private async start(): Promise<Piscina> {
    this.pool ??= import('piscina').then(({ Piscina }) => {
      const pool = new Piscina({
        filename: this.file,
        minThreads: 0,
        maxThreads: 1,
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

export const lost = (cause: unknown) =>
  new HashThreadLost(
    `no thread to hash a password in: ${cause instanceof Error ? cause.message : String(cause)}`,
    {
      cause,
    },
  );
