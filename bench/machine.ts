import { execFileSync } from 'node:child_process';
import { cpus, totalmem } from 'node:os';

/** On what, and of what, the figures are. */
export function describeMachine(root: string): string[] {
  const git = (...args: string[]) => {
    try {
      return execFileSync('git', args, {
        cwd: root,
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      }).trim();
    } catch {
      return 'unknown';
    }
  };
  const changed = git('status', '--porcelain', '--untracked-files=no') === '' ? '' : ', with changes';
  const cores = cpus();
  return [
    `${cores.length} x ${cores[0]?.model ?? 'unknown processor'}, ${Math.round(totalmem() / 2 ** 30)} GiB`,
    `Node ${process.versions.node}, ${process.platform} ${process.arch}`,
    `commit ${git('rev-parse', '--short', 'HEAD')}${changed}`,
  ];
}
