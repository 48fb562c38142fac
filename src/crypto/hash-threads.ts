import type { Piscina } from 'piscina';
import type { HashTask, VerifyTask } from './hash.worker.js';
import { HASH_WORKER_FILE } from './hash-worker-file.js';

/** A thread that has nothing to do ends after this: it takes 10 MB. */
const IDLE_MS = 30_000;

/** argon2id in threads of their own, of lower priority (docs/adr/0024). They start with the first hash. */
export class HashThreads {
  private pool: Promise<Piscina> | undefined;

  constructor(private readonly most: number) {}

  async hash(task: HashTask): Promise<string> {
    return (await this.start()).run(task, { name: 'hash' }) as Promise<string>;
  }

  async verify(task: VerifyTask): Promise<boolean> {
    return (await this.start()).run(task, { name: 'verify' }) as Promise<boolean>;
  }

  async stop(): Promise<void> {
    const pool = this.pool;
    this.pool = undefined;
    await (await pool)?.destroy();
  }

  private start(): Promise<Piscina> {
    this.pool ??= import('piscina').then(
      ({ Piscina }) =>
        new Piscina({
          filename: HASH_WORKER_FILE,
          minThreads: 0,
          maxThreads: this.most,
          idleTimeout: IDLE_MS,
          recordTiming: false,
          resourceLimits: { maxYoungGenerationSizeMb: 2 },
        }),
    );
    return this.pool;
  }
}
