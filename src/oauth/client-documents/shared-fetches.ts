import { LRUCache } from 'lru-cache';
import type { Clock } from '../../crypto/clock.js';

/** After a failure, a URL is left alone for this long. Not a cache of errors (spec S23), only a breath. */
const PAUSE_MS = 10_000;
/** Bounds what strangers can fill with URLs that fail. */
const MOST_FAILURES = 1000;

interface Failure {
  readonly at: number;
  readonly error: unknown;
}

/** Keeps a URL from being fetched twice at once, or again right after it failed. */
export class SharedFetches<T> {
  private readonly running = new Map<string, Promise<T>>();
  private readonly failures = new LRUCache<string, Failure>({ max: MOST_FAILURES });

  constructor(private readonly clock: Clock) {}

  /** Joins the fetch of this URL that is under way, fails as it just failed, or fetches and keeps what came. */
  run(url: string, fetch: () => Promise<T>, keep: (result: T) => Promise<void>): Promise<T> {
    const running = this.running.get(url);
    if (running) return running;
    const started = this.start(url, fetch, keep).finally(() => this.running.delete(url));
    this.running.set(url, started);
    return started;
  }

  private async start(url: string, fetch: () => Promise<T>, keep: (result: T) => Promise<void>): Promise<T> {
    const failure = this.failures.get(url);
    if (failure && this.clock.now().getTime() - failure.at < PAUSE_MS) throw failure.error;
    const result = await fetch().catch((error: unknown) => {
      this.failures.set(url, { at: this.clock.now().getTime(), error });
      throw error;
    });
    // Its failures are ours, and say nothing of the URL.
    await keep(result);
    return result;
  }
}
