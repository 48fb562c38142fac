import { HashThreads } from './hash-threads.js';

/** OWASP's floor for argon2id is 19 MiB, two passes, one lane. */
export interface HashCost {
  readonly memoryKib: number;
  readonly passes: number;
}

export interface StrongHash {
  readonly hash: string;
}
export interface Weak {
  readonly advice: readonly string[];
}

/** Thrown when too many hashes wait already: the caller answers 503. */
export class HashQueueFull extends Error {
  override readonly name = 'HashQueueFull';
}

const FULL = 'too many password hashes are waiting';

/** argon2id, a bounded number at a time and a bounded number waiting, so that a storm of logins starves nothing else. */
export class PasswordHasher {
  private readonly threads: HashThreads;
  private inside = 0;
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(
    private readonly cost: HashCost,
    private readonly concurrency: number,
    private readonly queueLimit: number,
  ) {
    this.threads = new HashThreads(concurrency);
  }

  async onApplicationShutdown(): Promise<void> {
    await this.threads.stop();
  }

  /**
   * Holds a place from the door on: who would be turned away in the end is turned away before anything is done for them.
   *
   * @throws HashQueueFull
   */
  async inLine<T>(work: () => Promise<T>): Promise<T> {
    if (this.inside >= this.concurrency + this.queueLimit) throw new HashQueueFull(FULL);
    this.inside += 1;
    try {
      return await work();
    } finally {
      this.inside -= 1;
    }
  }

  /** @throws HashQueueFull, HashThreadLost */
  async hash(password: string): Promise<string> {
    return this.inTurn(() => this.threads.hash({ password, ...this.cost }));
  }

  /**
   * Of a password that is not short to guess or known from breaches; of one that is, why not.
   *
   * @param known what an attacker would try first: the person's name and address.
   * @throws HashQueueFull, HashThreadLost
   */
  async hashStrong(password: string, known: readonly string[]): Promise<StrongHash | Weak> {
    return this.inTurn(async () => {
      const advice = await this.threads.judge(password, known);
      return advice ? { advice } : { hash: await this.threads.hash({ password, ...this.cost }) };
    });
  }

  /** @throws HashQueueFull */
  async matches(stored: string, password: string): Promise<boolean> {
    return this.inTurn(() => this.threads.verify({ password, stored }));
  }

  /** True when `stored` was made with a lower cost than is asked for now. */
  isOutdated(stored: string): boolean {
    const parameters = /^\$argon2id\$v=\d+\$m=(\d+),t=(\d+),p=\d+\$/.exec(stored);
    return (
      !parameters || Number(parameters[1]) < this.cost.memoryKib || Number(parameters[2]) < this.cost.passes
    );
  }

  private async inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.running >= this.concurrency) {
      if (this.waiting.length >= this.queueLimit) throw new HashQueueFull(FULL);
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    } else {
      this.running += 1;
    }
    try {
      return await work();
    } finally {
      // The place goes straight to the next in line, so nobody can slip in between.
      const next = this.waiting.shift();
      if (next) next();
      else this.running -= 1;
    }
  }
}
