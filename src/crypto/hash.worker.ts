import { hashSync, verifySync } from '@node-rs/argon2';
import type { Dictionaries } from './quality/dictionaries.js';
import type { Advice } from './quality/judge.js';
import { yieldToOthers } from './yield-to-others.js';

/* Runs in a thread of its own (hash-threads.ts). */
yieldToOthers();

export interface HashTask {
  readonly password: string;
  readonly memoryKib: number;
  readonly passes: number;
}
export interface VerifyTask {
  readonly password: string;
  readonly stored: string;
}

export interface JudgeTask {
  readonly password: string;
  readonly known: readonly string[];
  readonly dictionaries: Dictionaries;
}

/** What a library says to what it was given comes back as a value: then whatever is thrown is about the thread. */
export type Outcome<Result> = { readonly result: Result } | { readonly refused: string };

function outcome<Result>(library: string, work: () => Result): Outcome<Result> {
  try {
    return { result: work() };
  } catch (error) {
    return { refused: `${library}: ${error instanceof Error ? error.message : String(error)}` };
  }
}

export const hash = ({ password, memoryKib, passes }: HashTask): Outcome<string> =>
  outcome('argon2', () => hashSync(password, { memoryCost: memoryKib, timeCost: passes, parallelism: 1 }));

export const verify = ({ password, stored }: VerifyTask): Outcome<boolean> =>
  outcome('argon2', () => verifySync(stored, password));

let judging: Promise<(task: JudgeTask) => Advice> | undefined;

/** Loaded with the first password to judge: those who only log in do without. */
async function loadJudge({ dictionaries }: JudgeTask): Promise<(task: JudgeTask) => Advice> {
  const { judge: judgeWith, packedZxcvbn } = await import('./quality/judge.js');
  const zxcvbn = packedZxcvbn(dictionaries);
  return ({ password, known }) => judgeWith(zxcvbn, password, known);
}

export async function judge(task: JudgeTask): Promise<Outcome<Advice>> {
  const judgeIt = await (judging ??= loadJudge(task));
  return outcome('zxcvbn', () => judgeIt(task));
}
