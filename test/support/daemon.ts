import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { chown, mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Identity, identityFor, sleep } from '../../src/database/embedded-process.js';
import { queryOnce } from './postgres.js';

export interface Daemon {
  end(signal: NodeJS.Signals): Promise<void>;
}

/** A folder for a program that refuses root, gone when the run ends, and the user to run it as. */
export async function daemonHome() {
  const directory = await mkdtemp(join(process.env['TOOLGATE_TEST_DIRECTORY'] ?? tmpdir(), 'daemon-'));
  const identity = await identityFor(directory);
  if (identity.user) await chown(directory, identity.user.uid, identity.user.gid);
  return { directory, identity };
}

/** Whether something that speaks Postgres's protocol answers there. */
export const speaksPostgres = (url: string) => () =>
  queryOnce(url, 'SELECT 1').then(
    () => true,
    () => false,
  );

/** Runs a program until it answers. It does not outlive the tests. */
export async function startDaemon(
  { directory, identity }: { directory: string; identity: Identity },
  command: readonly string[],
  answers: () => Promise<boolean>,
): Promise<Daemon> {
  // The kernel ends it with this process: jest tells nobody when it exits.
  const bound = [...identity.prefix, 'setpriv', '--pdeathsig', 'KILL', ...command];
  const [program = '', ...parameters] = bound;
  const logFile = join(directory, 'log');
  const log = openSync(logFile, 'a');
  const child = spawn(program, parameters, { ...identity.user, cwd: '/', stdio: ['ignore', log, log] });
  closeSync(log);
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => {
      resolve();
    });
  });
  // A failed test must end the run, whatever it left running.
  child.unref();

  while (!(await answers())) {
    if (child.exitCode !== null || child.signalCode !== null)
      throw new Error(`${command.join(' ')} did not start:\n${await readFile(logFile, 'utf8')}`);
    await sleep(20);
  }
  return {
    async end(signal) {
      child.ref();
      child.kill(signal);
      await ended;
    },
  };
}
