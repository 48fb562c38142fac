import { setPriority } from 'node:os';
import { hashSync, verifySync } from '@node-rs/argon2';

/*
 * Runs in a thread of its own (hash-threads.ts). A hash takes ten milliseconds of a core and 19 MiB that push all else out of
 * its caches: where a core has both to do, whoever waits for an answer goes first.
 */
const NICE = 10;
// Elsewhere this would be the priority of the whole process.
if (process.platform === 'linux') yieldToOthers();

/** A process that has a lower priority already may not raise it, and a sandbox may forbid it: then it stays as it is. */
function yieldToOthers(): void {
  try {
    setPriority(0, NICE);
  } catch {
    // Passwords are hashed all the same.
  }
}

export interface HashTask {
  readonly password: string;
  readonly memoryKib: number;
  readonly passes: number;
}
export interface VerifyTask {
  readonly password: string;
  readonly stored: string;
}
export type Task = HashTask | VerifyTask;

/** What argon2 says to what it was given comes back as a value: then whatever is thrown is about the thread. */
export type Outcome = { readonly result: string | boolean } | { readonly refused: string };

function outcomeOf(task: Task): Outcome {
  try {
    return { result: 'stored' in task ? verify(task) : hash(task) };
  } catch (error) {
    return { refused: error instanceof Error ? error.message : String(error) };
  }
}

const hash = ({ password, memoryKib, passes }: HashTask) =>
  hashSync(password, { memoryCost: memoryKib, timeCost: passes, parallelism: 1 });
const verify = ({ password, stored }: VerifyTask) => verifySync(stored, password);

/** One after another; all are answered when the last is done. */
export default (tasks: readonly Task[]): Outcome[] => tasks.map(outcomeOf);
