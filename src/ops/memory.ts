import { Session } from 'node:inspector/promises';
import { setFlagsFromString } from 'node:v8';

/** Percent by which V8's old generation may grow past what lives in it, before it is collected. V8's own: up to 300. */
const GROWTH = 40;
/** When the first rush of requests after a start is over. */
const SETTLED_MS = 2000;

/**
 * Trades a little time for memory, in a process that is all ours (docs/adr/0022): V8 would let garbage pile up to three times
 * what lives, and keep what starting took. `setFlagsFromString` is meant for the time before anything runs; of this flag
 * V8 reads the value at each collection.
 */
export function keepMemoryLow(): void {
  setFlagsFromString(`--heap-growing-percent=${GROWTH}`);
  setTimeout(() => void collect().catch(() => undefined), SETTLED_MS).unref();
}

/** The collection that V8 does when a system runs out of memory: it alone gives back what the young generation grew to. May fail: memory is all that is lost. */
async function collect(): Promise<void> {
  const session = new Session();
  session.connect();
  await session.post('HeapProfiler.collectGarbage');
  session.disconnect();
}
