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

type Judge = (task: StrongHashTask) => Advice;
let judging: Promise<Judge> | undefined;

/** Loaded with the first password to judge: those who only log in do without. */
async function loadJudge({ dictionaries }: StrongHashTask): Promise<Judge> {
  const { judge, packedZxcvbn } = await import('./quality/judge.js');
  const zxcvbn = packedZxcvbn(dictionaries);
  return ({ password, known }) => judge(zxcvbn, password, known);
}

function outcomeOf(work: () => Result): Outcome {
  try {
    return { result: work() };
  } catch (error) {
    return { refused: error instanceof Error ? error.message : String(error) };
  }
}

const hash = ({ password, memoryKib, passes }: HashTask) =>
  hashSync(password, { memoryCost: memoryKib, timeCost: passes, parallelism: 1 });

function hashStrong(task: StrongHashTask, judge: Judge): Result {
  const advice = judge(task);
  return advice ? { advice } : hash(task);
}

async function run(task: Task): Promise<Outcome> {
  if ('stored' in task) return outcomeOf(() => verifySync(task.stored, task.password));
  if (!('known' in task)) return outcomeOf(() => hash(task));
  const judge = await (judging ??= loadJudge(task));
  return outcomeOf(() => hashStrong(task, judge));
}

/** One after another; all are answered when the last is done. */
export default async function runAll(tasks: readonly Task[]): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const task of tasks) outcomes.push(await run(task));
  return outcomes;
}
