import pg from 'pg';

interface Waiting<Item, Result> {
  readonly item: Item;
  readonly resolve: (result: Result | undefined) => void;
  readonly reject: (error: unknown) => void;
}

export interface BatchOptions<Item, Result> {
  /** Answers each item, in their order. */
  readonly run: (items: readonly Item[]) => Promise<(Result | undefined)[]>;
  /** Of two items with the same key the second waits for the first. Left out: any may go together. */
  readonly keyOf?: (item: Item) => string;
  /** The most items of one statement, and the most statements on their way at once. */
  readonly most: number;
  readonly atOnce: number;
}

/**
 * Takes what comes at the same time to Postgres in one statement: each statement costs far more than each of its rows, on
 * both sides. Nothing waits for company, only for one of the statements on their way to come back.
 */
export class Batches<Item, Result> {
  private waiting: Waiting<Item, Result>[] = [];
  private running = 0;
  private scheduled = false;

  constructor(private readonly options: BatchOptions<Item, Result>) {}

  /** @throws what `run` throws of this item. */
  async add(item: Item): Promise<Result | undefined> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ item, resolve, reject });
      if (this.scheduled) return;
      this.scheduled = true;
      // After all that this turn of the event loop has read from its sockets.
      setImmediate(() => {
        this.scheduled = false;
        this.send();
      });
    });
  }

  private send(): void {
    while (this.waiting.length > 0 && this.running < this.options.atOnce) {
      this.running += 1;
      void this.answer(this.take()).finally(() => {
        this.running -= 1;
        this.send();
      });
    }
  }

  private take(): Waiting<Item, Result>[] {
    const { keyOf, most } = this.options;
    if (!keyOf) return this.waiting.splice(0, most);
    const keys = new Set<string>();
    const taken: Waiting<Item, Result>[] = [];
    const left: Waiting<Item, Result>[] = [];
    for (const one of this.waiting) {
      const key = keyOf(one.item);
      if (taken.length === most || keys.has(key)) left.push(one);
      else {
        keys.add(key);
        taken.push(one);
      }
    }
    this.waiting = left;
    return taken;
  }

  private async answer(batch: readonly Waiting<Item, Result>[]): Promise<void> {
    try {
      const results = await this.options.run(batch.map(({ item }) => item));
      for (const [index, { resolve }] of batch.entries()) resolve(results[index]);
    } catch (error) {
      // What Postgres finds wrong with one must not be the others' loss. It has done nothing for any of them.
      if (batch.length > 1 && error instanceof pg.DatabaseError)
        await Promise.all(batch.map((one) => this.answer([one])));
      else for (const { reject } of batch) reject(error);
    }
  }
}
