import { LRUCache } from 'lru-cache';
import { type CallLimit, exceeded } from './call-limits.js';

interface Window {
  made: number;
  /** By `performance.now()`. */
  readonly endsAt: number;
}

const MOST_CALLERS = 50_000;

/** Limits of calls where there is no database to count in: each process counts for itself, in windows as {@link CallLimits}. */
export class ProcessCallLimits {
  private readonly windows = new LRUCache<string, Window>({ max: MOST_CALLERS });

  /** Takes one call. @throws ToolgateError `rate_limited` */
  take(limit: CallLimit, subject: string): void {
    const key = `${limit.name} ${subject}`;
    const now = performance.now();
    let window = this.windows.get(key);
    if (!window || window.endsAt <= now) {
      window = { made: 0, endsAt: now + limit.seconds * 1000 };
      this.windows.set(key, window);
    }
    if (window.made >= limit.calls)
      throw exceeded(limit, Math.max(1, Math.ceil((window.endsAt - now) / 1000)));
    window.made += 1;
  }
}
