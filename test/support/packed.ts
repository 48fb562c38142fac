import { spawn } from 'node:child_process';
import { cp, mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../..');

/** What npm tells its children would make a second npm think that it is at work in the first one's folder. */
export const plainEnvironment = () =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(?:npm_|NODE_|INIT_CWD)/.test(name)));

interface Run {
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs a program to its end; what it printed. */
export async function run(cwd: string, command: readonly string[], { env }: Run = {}): Promise<string> {
  const [program = '', ...parameters] = command;
  const child = spawn(program, parameters, {
    cwd,
    env: { ...plainEnvironment(), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [out, error] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (error += chunk.toString()));
  const code = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code !== 0) throw new Error(`${command.join(' ')}: ${String(code)}\n${(out + error).slice(-4000)}`);
  return out;
}

const INSTALL = ['npm', 'install', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error'];

/** An empty folder, removed at the end of the run. */
export async function newFolder(name: string): Promise<string> {
  const home = join(process.env['TOOLGATE_TEST_DIRECTORY'] ?? tmpdir(), 'packed');
  await mkdir(home, { recursive: true });
  return mkdtemp(join(home, `${name}-`));
}

/** The tarball that `npm pack` makes of these sources. */
export async function packToolgate(folder: string): Promise<string> {
  const said = await run(ROOT, ['npm', 'pack', '--json', '--pack-destination', folder]);
  const [{ filename }] = JSON.parse(said) as [{ filename: string }];
  return join(folder, filename);
}

/** An application with these packages, as anyone would begin one. */
export async function installInto(folder: string, packages: readonly string[]): Promise<void> {
  const manifest = { name: 'somebody', private: true, type: 'module' };
  await writeFile(join(folder, 'package.json'), JSON.stringify(manifest));
  await run(folder, [...INSTALL, '--save-exact', ...packages]);
}

/** A copy of an example beside the tarball as in the repository, installed as its README says. */
export async function installExample(home: string, name: string): Promise<string> {
  const folder = join(home, 'examples', name);
  await cp(join(ROOT, 'examples', name), folder, {
    recursive: true,
    filter: (path) => !/\/(?:node_modules|dist|package-lock\.json|\.env|\.toolgate)$/.test(path),
  });
  await run(folder, INSTALL);
  return folder;
}
