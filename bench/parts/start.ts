import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { newMasterKey, startToolgate, toolgateEnvironment } from '../contenders/toolgate.js';
import { memoryOf, proportionalMemoryOf } from '../cpu.js';
import { freePort } from '../../src/database/free-port.js';
import type { Stage } from '../stage.js';
import { median } from '../statistics.js';

const STARTS = 5;
const PATIENCE_MS = 30_000;
/** Idle is what does not change by more than a hundredth in this many seconds. */
const SETTLED_SECONDS = 5;

export interface Start {
  /** From the start of the process to the first 200 of each start, in milliseconds. */
  readonly starts: readonly number[];
  readonly median: number;
  /** Bytes of an idle service. */
  readonly idleResident: number;
  readonly idleProportional: number;
}

interface Known {
  readonly root: string;
  readonly cores: string | undefined;
  readonly log: string;
  readonly port: number;
  readonly env: Readonly<Record<string, string>>;
}

/** As an operator starts it. */
function spawnService({ root, cores, log, port, env }: Known): ChildProcess {
  const node = [process.execPath, join(root, 'dist', 'src', 'cli', 'toolgate.js'), 'start'];
  const [program = '', ...args] = cores === undefined ? node : ['taskset', '-c', cores, ...node];
  const output = openSync(log, 'a');
  const child = spawn(program, args, {
    stdio: ['ignore', output, output],
    env: { ...process.env, ...env, PORT: String(port) },
  });
  closeSync(output);
  return child;
}

async function answers(port: number): Promise<boolean> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/readyz`);
    await response.arrayBuffer();
    return response.status === 200;
  } catch {
    return false;
  }
}

async function untilReady(child: ChildProcess, port: number, log: string): Promise<number> {
  const began = performance.now();
  while (!(await answers(port))) {
    if (child.exitCode !== null || performance.now() - began > PATIENCE_MS)
      throw new Error(`the service did not start; see ${log}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return performance.now() - began;
}

async function untilIdle(pid: number): Promise<void> {
  const began = performance.now();
  for (let [before, since] = [memoryOf([pid]), 0]; since < SETTLED_SECONDS; since += 1) {
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const now = memoryOf([pid]);
    if (Math.abs(now - before) > before / 100) [before, since] = [now, -1];
    if (performance.now() - began > PATIENCE_MS) return;
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}

/** Starts on a database that is there already, with accounts, clients and keys in it. */
export async function measureStart(stage: Stage): Promise<Start> {
  const masterKey = newMasterKey();
  const around = stage.around(1);
  const options = { name: 'toolgate', title: 'Toolgate', root: stage.root, masterKey };
  const filled = await startToolgate(around, options);
  await filled.stop();
  const starts: number[] = [];
  for (;;) {
    const port = await freePort();
    const log = join(stage.directory, 'start.log');
    const env = toolgateEnvironment(`http://127.0.0.1:${port}`, filled.databaseUrl, masterKey);
    const child = spawnService({ root: stage.root, cores: around.cores, log, port, env });
    try {
      starts.push(await untilReady(child, port, log));
      if (starts.length < STARTS) continue;
      const pid = child.pid ?? 0;
      await untilIdle(pid);
      const idle = { idleResident: memoryOf([pid]), idleProportional: proportionalMemoryOf(pid) };
      stage.progress(`starts: ${starts.map(Math.round).join(', ')} ms`);
      return { starts, median: median(starts), ...idle };
    } finally {
      await end(child);
    }
  }
}
