import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';

/** Programs of the Model Context Protocol's makers, and the Node they need: none is a dependency of ours. */
const NODE = 'node@24';
export const CONFORMANCE = '@modelcontextprotocol/conformance@0.2.0-alpha.12';
export const INSPECTOR = '@modelcontextprotocol/inspector@2.12.0';

export interface Program {
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  /** Is told all that it has said so far. */
  readonly heard?: (output: string) => void;
}

export interface Finished {
  readonly status: number | null;
  readonly stdout: string;
  /** What it said on both outputs. */
  readonly output: string;
}

export async function run(command: string, { args, env, signal, heard }: Program): Promise<Finished> {
  const stdio: ['ignore', 'pipe', 'pipe'] = ['ignore', 'pipe', 'pipe'];
  const child = spawn(command, args, { signal, stdio, env: { ...process.env, ...env } });
  let [stdout, output] = ['', ''];
  const hear = (chunk: Buffer) => {
    output += stripVTControlCharacters(chunk.toString());
    heard?.(output);
  };
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  for (const stream of [child.stdout, child.stderr]) stream.on('data', hear);
  const [status] = (await once(child, 'close')) as [number | null];
  return { status, stdout, output };
}

/** From npm into a folder of the run, which is removed at its end. */
export class NpmPrograms {
  private constructor(readonly folder: string) {}

  static async install(...packages: string[]): Promise<NpmPrograms> {
    const folder = join(process.env['TOOLGATE_TEST_DIRECTORY'] ?? '', 'npm-programs');
    await mkdir(folder, { recursive: true });
    const options = ['--prefer-offline', '--no-audit', '--no-fund', '--no-save'];
    const args = ['install', '--prefix', folder, ...options, NODE, ...packages];
    const { status, output } = await run('npm', { args });
    if (status !== 0) throw new Error(`npm install ${packages.join(' ')}:\n${output}`);
    return new NpmPrograms(folder);
  }

  at(...path: string[]): string {
    return join(this.folder, 'node_modules', ...path);
  }

  /** Runs a file of a package with the newer Node. */
  async run(file: string[], program: Program): Promise<Finished> {
    return run(this.at('.bin', 'node'), { ...program, args: [this.at(...file), ...program.args] });
  }

  async conformance(program: Program): Promise<Finished> {
    return this.run(['@modelcontextprotocol', 'conformance', 'dist', 'index.js'], program);
  }
}
