import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { root } from '../install.mjs';

const LINT = ['eslint/bin/eslint.js', '--max-warnings', '0'];
const IMPORTS = ['dependency-cruiser/bin/dependency-cruise.mjs', '--config', '.dependency-cruiser.cjs'];

/** The slowest beside the others, for machines of two cores. */
const LANES = [
  // First the file with a `#!`: ESLint hands it on changed, and what was typed before such a change is typed anew.
  [['lint', ...LINT, 'src/cli/toolgate.ts', '.']],
  [
    ['types', 'typescript/bin/tsc', '--noEmit', '-p', 'tsconfig.json'],
    ['format', 'prettier/bin/prettier.cjs', '--check', '.', '--log-level', 'warn'],
    ['imports', ...IMPORTS, 'src', 'migrations'],
  ],
];

/** What a check says is shown when it ends, whole. */
async function passes([name, program, ...args]) {
  const child = spawn(process.execPath, [join(root, 'node_modules', program), ...args], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (chunk) => (said += chunk));
  const status = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  console.log(`\n== ${name}\n${said}`.trimEnd());
  return status === 0;
}

/** Every check, also after one that fails. */
export async function runChecks() {
  const lanes = LANES.map(async (lane) => {
    const passed = [];
    for (const check of lane) passed.push(await passes(check));
    return passed;
  });
  return (await Promise.all(lanes)).flat().every(Boolean);
}
