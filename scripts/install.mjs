import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));
const at = (...parts) => join(root, ...parts);
const NEEDED = [20, 19];

function requireNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > NEEDED[0] || (major === NEEDED[0] && minor >= NEEDED[1])) return;
  console.error(`Toolgate needs Node ${NEEDED.join('.')} or newer; this is ${process.versions.node}.`);
  process.exit(1);
}

export function run(command, args, options = {}) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit', ...options });
  if (error) throw error;
  return status ?? 1;
}

const read = (file) => (existsSync(file) ? readFileSync(file, 'utf8') : undefined);
const filesUnder = (folder) =>
  readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? filesUnder(path) : [path];
  });

function digest(files) {
  const hash = createHash('sha256');
  for (const file of files.sort()) hash.update(file.slice(root.length)).update(readFileSync(file));
  return hash.digest('hex');
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/** Two starts at once in one folder: the second waits for the first, and takes over from one that died. */
async function alone(name, work) {
  const lock = at(`.${name}.lock`);
  for (;;) {
    try {
      writeFileSync(lock, String(process.pid), { flag: 'wx' });
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
      const owner = Number(read(lock));
      if (owner > 0 && !isAlive(owner)) rmSync(lock, { force: true });
      else await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
  let status;
  try {
    status = work();
  } finally {
    rmSync(lock, { force: true });
  }
  if (status) process.exit(status);
}

/** Installs exactly the lock file's packages; does nothing, and needs no network, when they are there. */
export async function ensureInstalled() {
  requireNode();
  const stamp = at('node_modules', '.toolgate-lock');
  const wanted = digest([at('package-lock.json')]);
  if (read(stamp) === wanted) return;
  await alone('install', () => {
    if (read(stamp) === wanted) return 0;
    console.error('Installing packages (once, about half a minute) ...');
    // All of them, also where NODE_ENV=production: the build needs its compiler.
    // Not `npm ci`: it refuses a lock file made where a registry lacks other platforms' optional binaries.
    const args = [
      'install',
      '--no-save',
      '--include=dev',
      '--no-audit',
      '--no-fund',
      '--loglevel=error',
      // A registry that cannot be reached is said so within seconds, not minutes.
      '--fetch-retry-mintimeout=1000',
      '--fetch-retry-maxtimeout=5000',
    ];
    const status = run('npm', args, {
      shell: process.platform === 'win32',
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    if (status === 0) writeFileSync(stamp, wanted);
    return status;
  });
}

/** Compiles when the sources are not the ones that were compiled last. */
export async function ensureBuilt() {
  const stamp = at('dist', '.toolgate-build');
  const sources = ['src', 'migrations'].flatMap((folder) => filesUnder(at(folder)));
  const wanted = digest([
    ...sources,
    ...['tsconfig.json', 'tsconfig.build.json', 'nest-cli.json', 'package-lock.json'].map((file) => at(file)),
  ]);
  if (read(stamp) === wanted) return;
  await alone('build', () => {
    if (read(stamp) === wanted) return 0;
    console.error('Building ...');
    const nest = at('node_modules', '@nestjs', 'cli', 'bin', 'nest.js');
    // What a compiler says is for people: the standard output may be read by a program (`npm pack --json`).
    const status = run(process.execPath, [nest, 'build'], { stdio: ['inherit', 2, 'inherit'] });
    if (status === 0) writeFileSync(stamp, wanted);
    return status;
  });
}
