import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', '..');

async function bench(...args: string[]) {
  const child = spawn(process.execPath, [join(root, 'scripts', 'bench.mjs'), ...args], {
    cwd: root,
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += String(chunk)));
  child.stderr.on('data', (chunk: Buffer) => (output += String(chunk)));
  const [code] = (await once(child, 'exit')) as [number];
  return { code, output };
}

describe('a run of the benchmark', () => {
  it('measures the service and the bare server, with two processes each, and finds every answer right', async () => {
    const { code, output } = await bench(
      ...['--only', 'tool-jwt,refresh,introspection', '--peers', 'bare', '--processes', '2'],
      ...['--rounds', '1', '--seconds', '0.3', '--connections', '8', '--no-report'],
    );
    expect({ code, failure: code === 0 ? '' : output }).toEqual({ code: 0, failure: '' });
    expect(output).not.toMatch(/failed/i);
    const rates = [...output.matchAll(/^ {2}(Toolgate|bare \(node:http \+ pg\)) +([\d,]+) /gm)];
    expect(rates.map(([, who]) => who)).toEqual(Array(3).fill(['Toolgate', 'bare (node:http + pg)']).flat());
    expect(rates.every(([, , rate]) => Number(rate?.replace(',', '')) > 0)).toBe(true);
  }, 180_000);

  it('finds the checks of a tool call in the profile of the service', async () => {
    const { code, output } = await bench(
      ...['--authentication', '--rounds', '1', '--seconds', '1', '--connections', '8', '--no-report'],
    );
    expect({ code, failure: code === 0 ? '' : output }).toEqual({ code: 0, failure: '' });
    const [, share] =
      /Share of a tool call that is authentication, of processor time: ([\d.]+)/.exec(output) ?? [];
    expect(Number(share)).toBeGreaterThan(0);
    expect(Number(share)).toBeLessThan(1);
    expect(output).toMatch(/^\| Authentication guard \| \d+\.\d% \|/m);
  }, 180_000);

  it('says which operation it does not know, and does not begin', async () => {
    const { code, output } = await bench('--only', 'sleep');
    expect(code).toBe(1);
    expect(output).toContain('unknown operation: sleep');
    expect(output).not.toContain('at ');
  }, 60_000);
});
