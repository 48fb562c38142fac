import { chown, link, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { randomToken } from '../crypto/digest.js';
import { findBinaries } from './embedded-binaries.js';
import { ensureReachable, identityFor, isAlive, run } from './embedded-process.js';

export const USER = 'toolgate';

const exists = (path: string) =>
  stat(path).then(
    () => true,
    () => false,
  );

/**
 * The cluster in the directory, made if it is not there, and its password. It is made beside its place and moved there
 * whole, so that a kill half-way leaves nothing behind.
 */
export async function initialise(
  directory: string,
  passwordFile: string,
  onProgress?: (line: string) => void,
): Promise<string> {
  const made = await exists(join(directory, 'PG_VERSION'));
  if (made && !(await exists(passwordFile))) {
    throw new Error(
      `The database in ${directory} needs its password, and ${passwordFile} is gone. Restore that file.`,
    );
  }
  await mkdir(dirname(directory), { recursive: true, mode: 0o700 });
  const password = await passwordIn(passwordFile);
  if (made) return password;

  onProgress?.('Creating the embedded database ...');
  await removeAbandonedDrafts(directory);
  const draft = `${directory}.${process.pid}.new`;
  try {
    await makeCluster(draft, directory, password);
    await rename(draft, directory).catch(async (error: unknown) => {
      // Another start was first: its cluster is as good.
      if (!(await exists(join(directory, 'PG_VERSION')))) throw error;
    });
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  return password;
}

/** Linked into place complete: of two that start at once both read the same, and a kill leaves no empty file. */
async function passwordIn(file: string): Promise<string> {
  if (!(await exists(file))) {
    const draft = `${file}.${process.pid}.new`;
    await writeFile(draft, randomToken(), { mode: 0o600 });
    await link(draft, file).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    });
    await rm(draft);
  }
  return (await readFile(file, 'utf8')).trim();
}

async function makeCluster(draft: string, directory: string, password: string): Promise<void> {
  const { initdb } = await findBinaries();
  const identity = await identityFor(directory);
  await ensureReachable(identity, initdb, dirname(directory));
  await mkdir(draft, { mode: 0o700 });
  // A copy, because initdb may run as a user who must not own the original.
  const passwordCopy = `${draft}.password.${process.pid}.new`;
  try {
    await writeFile(passwordCopy, password, { mode: 0o600 });
    if (identity.user) {
      for (const path of [draft, passwordCopy]) await chown(path, identity.user.uid, identity.user.gid);
    }
    await run(identity, [
      initdb, `--pgdata=${draft}`, `--username=${USER}`, `--pwfile=${passwordCopy}`,
      '--auth=scram-sha-256', '--encoding=UTF8', '--locale-provider=builtin', '--locale=C.UTF-8',
    ]); // prettier-ignore
  } finally {
    await rm(passwordCopy, { force: true });
  }
}

async function removeAbandonedDrafts(directory: string): Promise<void> {
  for (const name of await readdir(dirname(directory))) {
    const pid = Number(/\.(\d+)\.new$/.exec(name)?.[1]);
    if (!pid || !name.startsWith(`${basename(directory)}.`)) continue;
    // One with our own number is a former process's too.
    if (pid === process.pid || !(await isAlive(pid)))
      await rm(join(dirname(directory), name), { recursive: true, force: true });
  }
}
