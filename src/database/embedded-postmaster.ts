import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isAlive } from './embedded-process.js';

export interface Postmaster {
  readonly pid: number;
  readonly port: number;
  readonly launched: boolean;
}

/** postmaster.pid: the process on line 1, the port on line 4. */
export async function findRunning(directory: string): Promise<Postmaster | undefined> {
  const file = join(directory, 'postmaster.pid');
  const content = await readFile(file, 'utf8').catch(() => '');
  const lines = content.split('\n');
  const pid = Number(lines[0]);
  const port = Number(lines[3]);
  if (!pid || !port) return undefined;
  if ((await isAlive(pid)) && (await isPostgres(pid))) return { pid, port, launched: false };
  await disown(file, content).catch(() => undefined);
  return undefined;
}

/** After a reboot the number in postmaster.pid may be some other process's. */
async function isPostgres(pid: number): Promise<boolean> {
  if (process.platform !== 'linux') return true;
  return (await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '')).startsWith('postgres');
}

/**
 * Postgres will not start while the number in its file is anyone's: an unreaped process's, or a stranger's who got it
 * later. Its own parent's it takes for stale, so ours goes there. The rest of the file stays, because Postgres reads in
 * it whether backends of the dead one still live.
 */
async function disown(file: string, stale: string): Promise<void> {
  const aside = `${file}.${process.pid}`;
  await rename(file, aside);
  const found = await readFile(aside, 'utf8');
  if (found === stale) await writeFile(aside, stale.replace(/^\d+/, String(process.pid)));
  // Never over the file of one that started meanwhile.
  await link(aside, file).catch(() => undefined);
  await rm(aside);
}
