import { execFileSync } from 'node:child_process';
import { cpus, release, totalmem } from 'node:os';

/** On what, and of what, the figures are. */
export function describeMachine(root: string, postgres: string): string[] {
  const git = (...args: string[]) => {
    try {
      const stdio: ('ignore' | 'pipe')[] = ['ignore', 'pipe', 'ignore'];
      return execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio }).trim();
    } catch {
      return 'unknown';
    }
  };
  const changed = git('status', '--porcelain', '--untracked-files=no') === '' ? '' : ', with changes';
  const cores = cpus();
  return [
    `${cores.length} x ${cores[0]?.model ?? 'unknown processor'}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${process.platform} ${release()} ${process.arch}`,
    `Node ${process.versions.node}, Postgres ${postgres}, commit ${git('rev-parse', '--short', 'HEAD')}${changed}`,
  ];
}
