import { availableParallelism } from 'node:os';
import { setFlagsFromString } from 'node:v8';

/**
 * On one core V8's marking in another thread is no help: the thread that answers waits beside it, 40 ms at a time
 * (docs/adr/0024). To be called before anything is loaded, as V8 must not be marking when this changes.
 */
export function markInTurn(): void {
  if (availableParallelism() === 1) setFlagsFromString('--no-concurrent-marking');
}
