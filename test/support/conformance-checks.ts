import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

export interface Check {
  /** The folder of its scenario. */
  readonly scenario: string;
  readonly id: string;
  readonly status: string;
  readonly errorMessage?: string;
}

/** What the public conformance suite left in a folder. */
export async function checksIn(results: string): Promise<Check[]> {
  const files = (await readdir(results, { recursive: true })).filter((file) => file.endsWith('checks.json'));
  const read = files.map(async (file) => {
    const checks = JSON.parse(await readFile(join(results, file), 'utf8')) as Omit<Check, 'scenario'>[];
    return checks.map((check) => ({ ...check, scenario: dirname(file) }));
  });
  return (await Promise.all(read)).flat();
}
