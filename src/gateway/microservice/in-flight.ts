import { finalize, type Observable, throwError } from 'rxjs';
import { messageError } from '../../errors/message-error.js';
import { ToolgateError } from '../../errors/toolgate-error.js';
import { MOST_IN_FLIGHT, MOST_OF_ONE } from './bounds.js';

type Produce = () => Promise<Observable<unknown>>;

/** Counts what is being answered: what is too much is refused at once, and a stop waits for the rest. */
export class InFlight {
  private count = 0;
  private readonly ofSender = new WeakMap<object, number>();
  private readonly waiting = new Set<() => void>();

  constructor(
    private readonly issuer: string,
    private readonly mostOfOne: number = MOST_OF_ONE,
  ) {}

  async run(sender: object, produce: Produce): Promise<Observable<unknown>> {
    const own = this.ofSender.get(sender) ?? 0;
    if (this.count >= MOST_IN_FLIGHT || own >= this.mostOfOne) return throwError(() => this.busy());
    this.add(sender, 1);
    try {
      const answer = await produce();
      return answer.pipe(
        finalize(() => {
          this.add(sender, -1);
        }),
      );
    } catch (error) {
      this.add(sender, -1);
      throw error;
    }
  }

  /** Until everything is answered and the answers are handed to the connection, or the time is over. */
  async idle(graceMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      timer = setTimeout(resolve, graceMs);
      this.waiting.add(resolve);
      if (this.count === 0) resolve();
    });
    clearTimeout(timer);
    // Nest writes an answer in the tick after the one in which it is complete.
    await new Promise(setImmediate);
  }

  private add(sender: object, change: 1 | -1): void {
    this.count += change;
    this.ofSender.set(sender, (this.ofSender.get(sender) ?? 0) + change);
    if (this.count === 0) for (const resolve of this.waiting) resolve();
  }

  private busy() {
    const busy = new ToolgateError('unavailable', {
      reason: 'too many messages at once',
      headers: { 'Retry-After': '1' },
    });
    return messageError(busy, this.issuer);
  }
}
