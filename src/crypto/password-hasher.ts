import { HashThread } from './hash-thread.js';
import { HashTurns } from './hash-turns.js';
import type { Weak } from './hash.worker.js';
import { SharedDictionaries } from './quality/shared-dictionaries.js';

/** OWASP's floor for argon2id is 19 MiB, two passes, one lane. */
export interface HashCost {
  readonly memoryKib: number;
  readonly passes: number;
}

/** Thrown when too many hashes wait already: the caller answers 503. */
export class HashQueueFull extends Error {
  override readonly name = 'HashQueueFull';
}

/** argon2id, a bounded number at a time and a bounded number waiting, so that a storm of logins starves nothing else. */
export class PasswordHasher {
  private readonly threads: readonly HashThread[];
  private readonly turns: HashTurns;
  private readonly dictionaries = new SharedDictionaries();
  private inside = 0;

  constructor(
    private readonly cost: HashCost,
    private readonly concurrency: number,
    private readonly queueLimit: number,
  ) {
    this.threads = Array.from({ length: concurrency }, () => new HashThread());
    this.turns = new HashTurns(this.threads);
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all(this.threads.map((thread) => thread.stop()));
  }

  /**
   * Holds a place from the door on: who would be turned away in the end is turned away before anything is done for them.
   *
   * @throws HashQueueFull
   */
  async inLine<T>(work: () => Promise<T>): Promise<T> {
    if (this.inside >= this.concurrency + this.queueLimit)
      throw new HashQueueFull('too many password hashes are waiting');
    this.inside += 1;
    try {
      return await work();
    } finally {
      this.inside -= 1;
    }
  }

  /** @throws HashThreadLost */
  async hash(password: string): Promise<string> {
    return this.turns.hash({ password, ...this.cost });
  }

  /**
   * Of a password that is not short to guess or known from breaches; of one that is, why not.
   *
   * @param known what an attacker would try first: the person's name and address.
   * @throws HashThreadLost
   */
  async hashStrong(password: string, known: readonly string[]): Promise<string | Weak> {
    const dictionaries = await this.dictionaries.load();
    return this.turns.hashStrong({ password, known, dictionaries, ...this.cost });
  }

  /** @throws HashThreadLost */
  async matches(stored: string, password: string): Promise<boolean> {
    return this.turns.verify({ password, stored });
  }

  /** True when `stored` was made with a lower cost than is asked for now. */
  isOutdated(stored: string): boolean {
    const parameters = /^\$argon2id\$v=\d+\$m=(\d+),t=(\d+),p=\d+\$/.exec(stored);
    return (
      !parameters || Number(parameters[1]) < this.cost.memoryKib || Number(parameters[2]) < this.cost.passes
    );
  }
}
