import { execFileSync } from 'node:child_process';
import { symlinkSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Arguments } from '../arguments.js';
import type { Contender } from '../contenders/contender.js';
import { startToolgate } from '../contenders/toolgate.js';
import { measureAll } from '../rounds.js';
import type { Stage } from '../stage.js';
import type { Outcome } from './operations.js';

const lockOf = (root: string) => readFile(join(root, 'package-lock.json'), 'utf8');

/** Another commit, built in a worktree of its own beside the packages that are here, or its own where they differ. */
async function build(stage: Stage, ref: string): Promise<{ root: string; stop(): Promise<void> }> {
  const { root, progress } = stage;
  const git = (...args: string[]) => execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim();
  const commit = git('rev-parse', '--verify', '--short', `${ref}^{commit}`);
  const there = join(stage.directory, `commit-${commit}`);
  git('worktree', 'add', '--detach', there, commit);
  const stop = () => {
    git('worktree', 'remove', '--force', there);
    return Promise.resolve();
  };
  try {
    const same = (await lockOf(root)) === (await lockOf(there));
    progress(`building ${ref} (${commit})${same ? '' : ', with packages of its own'} ...`);
    const run = (program: string, ...args: string[]) => {
      execFileSync(program, args, { cwd: there, stdio: ['ignore', 'ignore', 'inherit'] });
    };
    if (same) symlinkSync(join(root, 'node_modules'), join(there, 'node_modules'));
    else run('npm', 'install', '--no-save', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error');
    run(process.execPath, join('node_modules', '@nestjs', 'cli', 'bin', 'nest.js'), 'build');
    return { root: there, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Ours as it is here, and as it was at `ref`, in the same rounds. */
export async function compareWith(
  stage: Stage,
  { operations, rounds, seconds, connections, processes = 1 }: Arguments,
  ref: string,
): Promise<Outcome> {
  return stage.during(async (keep) => {
    const other = keep(await build(stage, ref));
    const around = stage.around(processes);
    const contenders: Contender[] = [];
    for (const { name, title, root } of [
      { name: 'toolgate', title: 'this', root: stage.root },
      { name: 'other', title: ref, root: other.root },
    ]) {
      contenders.push(keep(await startToolgate(around, { name, title, root })));
    }
    const plan = { operations, rounds, seconds, connections };
    return { contenders, results: await measureAll(stage, contenders, plan) };
  });
}
