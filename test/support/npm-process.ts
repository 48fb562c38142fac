import { spawn } from 'node:child_process';
import { plainEnvironment } from './packed.js';

export interface NpmProcess {
  stop(): Promise<void>;
}

/** Starts a program in a group of its own and waits until the URL answers at all. */
export async function startProgram(
  cwd: string,
  command: readonly [string, ...string[]],
  env: Record<string, string>,
  url: string,
): Promise<NpmProcess> {
  const [program, ...parameters] = command;
  const child = spawn(program, parameters, {
    cwd,
    env: { ...plainEnvironment(), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    // npm and npx start the server as a child of theirs.
    detached: true,
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const ended = new Promise<void>((resolve) => {
    child.once('close', () => {
      resolve();
    });
  });
  const stop = async () => {
    try {
      process.kill(-(child.pid ?? 0), 'SIGTERM');
    } catch {
      // It has ended.
    }
    await ended;
  };
  const deadline = Date.now() + 120_000;
  while (!(await fetch(url).catch(() => undefined))) {
    if (child.exitCode !== null || Date.now() > deadline) {
      await stop();
      throw new Error(`${command.join(' ')} did not start:\n${said}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return { stop };
}
