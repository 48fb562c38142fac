import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { availableParallelism } from 'node:os';
import { ensureBuilt, ensureInstalled, root } from './install.mjs';

await ensureInstalled();
await ensureBuilt();

/** Compiled beside the service it measures, without a look at types: `npm test` has that. */
const { transformFileSync } = await import('@swc/core');
function compile(folder) {
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (entry.name !== 'node_modules') compile(path);
    } else if (path.endsWith('.ts')) {
      const { code } = transformFileSync(join(root, path), {
        jsc: { target: 'es2022', parser: { syntax: 'typescript' } },
        module: { type: 'es6' },
        sourceMaps: 'inline',
      });
      const file = join(root, 'dist', path.replace(/\.ts$/, '.js'));
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, code);
    }
  }
}
compile('bench');

// Everything but the servers that are measured runs on the last core: this process, the generator and Postgres.
const last = String(availableParallelism() - 1);
const pinned = spawnSync('taskset', ['--version']).status === 0 && last !== '0';
const node = [process.execPath, '--enable-source-maps', join(root, 'dist', 'bench', 'main.js')];
const [program, ...args] = pinned ? ['taskset', '-c', last, ...node] : node;
const child = spawn(program, [...args, ...process.argv.slice(2)], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, TOOLGATE_BENCH_PINNED: pinned ? last : '' },
});
// A terminal tells both; it stops what it has started, and this waits for that.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => child.kill('SIGTERM'));
const [status] = await once(child, 'exit');
process.exit(status ?? 1);
