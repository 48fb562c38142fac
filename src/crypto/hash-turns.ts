import { setImmediate as nextTurn } from 'node:timers/promises';
import type { HashTask, Outcome, Result, StrongHashTask, Task, VerifyTask, Weak } from './hash.worker.js';

/** Does some tasks one after another, and answers them together. */
interface Worker {
  run(tasks: readonly Task[]): Promise<Outcome[]>;
}

interface Waiting {
  readonly task: Task;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

/** The most that a thread takes up at once. */
const MOST_AT_ONCE = 4;
/** Nobody waits for those taken up with them for more than this part of what they would have waited anyway. */
const PART_OF_THE_LINE = 4;
const ANSWERED_AT_ONCE = 2;

/**
 * Whose turn it is to be hashed. Where many wait, a thread takes up several and answers them together. After each hash what
 * answers has been pushed out of the core's caches, and finding it again costs it more than the answer: so it pays once for
 * several.
 */
export class HashTurns {
  private readonly waiting: Waiting[] = [];
  private readonly free: Worker[];

  constructor(private readonly workers: readonly Worker[]) {
    this.free = [...workers];
  }

  /** @throws HashThreadLost */
  async hash(task: HashTask): Promise<string> {
    return (await this.add(task)) as string;
  }

  /** @throws HashThreadLost */
  async hashStrong(task: StrongHashTask): Promise<string | Weak> {
    return (await this.add(task)) as string | Weak;
  }

  /** @throws HashThreadLost */
  async verify(task: VerifyTask): Promise<boolean> {
    return (await this.add(task)) as boolean;
  }

  private async add(task: Task): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ task, resolve, reject });
      this.send();
    });
  }

  private send(): void {
    while (this.waiting.length > 0) {
      // Whoever was done last: the others may end when there is little to do.
      const worker = this.free.pop();
      if (!worker) return;
      void this.take(worker, this.waiting.splice(0, this.howMany()));
    }
  }

  private howMany(): number {
    return Math.min(MOST_AT_ONCE, Math.ceil(this.waiting.length / (PART_OF_THE_LINE * this.workers.length)));
  }

  private async take(worker: Worker, some: readonly Waiting[]): Promise<void> {
    try {
      await settle(some, await this.run(worker, some));
    } catch (error) {
      for (const { reject } of some) reject(error);
    }
  }

  private async run(worker: Worker, some: readonly Waiting[]): Promise<Outcome[]> {
    try {
      const outcomes = await worker.run(some.map(({ task }) => task));
      this.free.push(worker);
      return outcomes;
    } catch (error) {
      // Where one is not to be had, the others come first.
      this.free.unshift(worker);
      throw error;
    } finally {
      this.send();
    }
  }
}

/** A few in each turn of the event loop, so that whoever else wants an answer waits for these few at most. */
async function settle(some: readonly Waiting[], outcomes: readonly Outcome[]): Promise<void> {
  for (const [index, { resolve, reject }] of some.entries()) {
    if (index > 0 && index % ANSWERED_AT_ONCE === 0) await nextTurn();
    const outcome = outcomes[index];
    if (outcome && 'result' in outcome) resolve(outcome.result);
    else reject(new Error(`passwords: ${outcome?.refused ?? 'no answer'}`));
  }
}
