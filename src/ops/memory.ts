import { Session } from 'node:inspector/promises';
import { PerformanceObserver } from 'node:perf_hooks';
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';

/** Percent by which V8's old generation may grow past what lives in it, before it is collected. V8's own: up to 300. */
const GROWTH = 30;
/** Bytes of the young generation, half of it in use at a time. V8's own: 32 MiB, and as much again while it collects. */
const YOUNG_ENOUGH = 16 * 2 ** 20;
/** When the first rush of requests after a start is over. */
const SETTLED_MS = 2000;

/**
 * Trades a little time for memory, in a process that is all ours (docs/adr/0022): V8 would let garbage pile up to three times
 * what lives, and keep what starting took. `setFlagsFromString` is meant for the time before anything runs; of these flags
 * V8 reads the values at each collection.
 */
export function keepMemoryLow(): void {
  setFlagsFromString(`--heap-growing-percent=${GROWTH}`);
  setTimeout(
    () =>
      void collect()
        .catch(() => undefined)
        .then(keepYoungSmall),
    SETTLED_MS,
  ).unref();
}

/** The collection that V8 does when a system runs out of memory: it alone gives back what the young generation grew to. May fail: memory is all that is lost. */
async function collect(): Promise<void> {
  const session = new Session();
  session.connect();
  await session.post('HeapProfiler.collectGarbage');
  session.disconnect();
}

/** Under load V8 doubles the young generation again and again. Once it is large enough, by a factor of one from then on. */
function keepYoungSmall(): void {
  const observer = new PerformanceObserver(() => {
    const young = getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space');
    if (!young || young.space_size < YOUNG_ENOUGH) return;
    setFlagsFromString('--semi-space-growth-factor=1');
    observer.disconnect();
  });
  observer.observe({ entryTypes: ['gc'] });
}
