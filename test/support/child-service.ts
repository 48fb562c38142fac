import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { reservePort } from './port.js';

const PROGRAM = join(import.meta.dirname, '../../dist/src/cli/toolgate.js');

/** The service as a process of its own, as `npm start` runs it, so that it can be killed. */
export interface ChildService {
  readonly url: string;
  readonly process: ChildProcess;
  /** Resolves with the exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals | null>;
}

export async function startChildService(env: Record<string, string>): Promise<ChildService> {
  const port = env['PORT'] ?? String(await reservePort());
  const child = spawn(process.execPath, [PROGRAM, 'start'], {
    env: { PATH: process.env['PATH'], PORT: port, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const log = createWriteStream(
    join(process.env['TOOLGATE_TEST_DIRECTORY'] ?? '', 'logs', `child-${child.pid}`),
  );
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.pipe(log, { end: false });
    stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
  }
  const ended = new Promise<number | NodeJS.Signals | null>((resolve) => {
    child.once('exit', (code, signal) => {
      resolve(code ?? signal);
    });
  });
  const url = `http://127.0.0.1:${port}`;
  while ((await fetch(`${url}/readyz`).catch(() => undefined))?.status !== 200) {
    if (child.exitCode !== null) throw new Error(`the service did not start:\n${said}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return { url, process: child, ended };
}

/** The number of the embedded Postgres under a data folder. */
export async function postmasterOf(dataDir: string): Promise<number> {
  return Number((await readFile(join(dataDir, 'postgres', 'postmaster.pid'), 'utf8')).split('\n')[0]);
}
