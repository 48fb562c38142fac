import { hashSync, verifySync } from '@node-rs/argon2';
import type { Dictionaries } from './quality/dictionaries.js';
import { judge, packedZxcvbn } from './quality/judge.js';
import { yieldToOthers } from './yield-to-others.js';

/* Runs in a thread of its own (hash-thread.ts). */
yieldToOthers();

export interface HashTask {
  readonly password: string;
  readonly memoryKib: number;
  readonly passes: number;
}
/** Only if it is no weak one: `known` is what an attacker would try first. */
export interface StrongHashTask extends HashTask {
  readonly known: readonly string[];
  readonly dictionaries: Dictionaries;
}
export interface VerifyTask {
  readonly password: string;
  readonly stored: string;
}
export type Task = HashTask | StrongHashTask | VerifyTask;

/** Why a password is weak, for people. */
export interface Weak {
  readonly advice: readonly string[];
}
export type Result = string | boolean | Weak;

/** What a library says to what it was given comes back as a value: then whatever is thrown is about the thread. */
export type Outcome = { readonly result: Result } | { readonly refused: string };

/** Made with the first password to judge: those who only log in do without. */
let zxcvbn: ReturnType<typeof packedZxcvbn> | undefined;

function outcomeOf(work: () => Result): Outcome {
  try {
    return { result: work() };
  } catch (error) {
    return { refused: error instanceof Error ? error.message : String(error) };
  }
}

const hash = ({ password, memoryKib, passes }: HashTask) =>
  hashSync(password, { memoryCost: memoryKib, timeCost: passes, parallelism: 1 });

function hashStrong(task: StrongHashTask): Result {
  zxcvbn ??= packedZxcvbn(task.dictionaries);
  const advice = judge(zxcvbn, task.password, task.known);
  return advice ? { advice } : hash(task);
}

function run(task: Task): Result {
  if ('stored' in task) return verifySync(task.stored, task.password);
  return 'known' in task ? hashStrong(task) : hash(task);
}

/** One after another; all are answered when the last is done. */
export default (tasks: readonly Task[]): Outcome[] => tasks.map((task) => outcomeOf(() => run(task)));
