import { setPriority } from 'node:os';
import { hashSync, verifySync } from '@node-rs/argon2';

/*
 * Runs in a thread of its own (hash-threads.ts). A hash takes ten milliseconds of a core and 19 MiB that push all else out of
 * its caches: where a core has both to do, whoever waits for an answer goes first.
 */
const NICE = 10;
// Elsewhere this would be the priority of the whole process.
if (process.platform === 'linux') setPriority(0, NICE);

export interface HashTask {
  readonly password: string;
  readonly memoryKib: number;
  readonly passes: number;
}
export interface VerifyTask {
  readonly password: string;
  readonly stored: string;
}

export const hash = ({ password, memoryKib, passes }: HashTask): string =>
  hashSync(password, { memoryCost: memoryKib, timeCost: passes, parallelism: 1 });

export const verify = ({ password, stored }: VerifyTask): boolean => verifySync(stored, password);
