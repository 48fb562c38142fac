import { setPriority } from 'node:os';

/*
 * For threads that hash and judge passwords (docs/adr/0024). A hash takes ten milliseconds of a core and 19 MiB that push all
 * else out of its caches: where a core has both to do, whoever waits for an answer goes first.
 */
const NICE = 10;

/** A process that has a lower priority already may not raise it, and a sandbox may forbid it: then it stays as it is. */
export function yieldToOthers(): void {
  // Elsewhere this would be the priority of the whole process.
  if (process.platform !== 'linux') return;
  try {
    setPriority(0, NICE);
  } catch {
    // Passwords are hashed all the same.
  }
}
