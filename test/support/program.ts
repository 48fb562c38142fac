import { spawn } from 'node:child_process';
import { once } from 'node:events';

export interface StartedProgram {
  stop(): Promise<void>;
}

/** Runs a program until `answers` no longer fails. It does not outlive the tests. */
export async function startProgram(
  program: string,
  parameters: readonly string[],
  answers: () => Promise<unknown>,
  env: Readonly<Record<string, string>> = {},
): Promise<StartedProgram> {
  // The kernel ends it with this process: jest tells nobody when it exits.
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', program, ...parameters], {
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-10_000)));
  const answered = () =>
    answers().then(
      () => true,
      () => false,
    );
  while (!(await answered())) {
    if (child.exitCode !== null || child.signalCode !== null)
      throw new Error(`${program} did not start:\n${said}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return {
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
    },
  };
}
