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

/**
 * Under load V8 doubles the young generation again and again, up to 32 MiB; here until it is large enough. After a quiet
 * while, when V8 has shrunk it to next to nothing, it may grow again. Said only when it changes: saying it costs.
 */
function keepYoungSmall(): void {
  let said: number | undefined;
  const wanted = () => {
    const young = getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space');
    return !young || young.space_size < YOUNG_ENOUGH ? 2 : 1;
  };
  const say = (factor: number) => {
    said = factor;
    setFlagsFromString(`--semi-space-growth-factor=${factor}`);
  };
  // Some time before it is online, a thread that starts sets the factor of all threads back to two.
  process.on('worker', (thread) => {
    const again = setInterval(() => {
      say(wanted());
    }, 1);
    thread.once('online', () => {
      clearInterval(again);
      say(wanted());
    });
    thread.once('exit', () => {
      clearInterval(again);
    });
  });
  const observer = new PerformanceObserver(() => {
    const factor = wanted();
    if (factor !== said) say(factor);
  });
  observer.observe({ entryTypes: ['gc'] });
}
