import { spawn } from 'node:child_process';
import { readFile, stat } from 'node:fs/promises';

/** As whom Postgres runs: it refuses root. */
export interface Identity {
  /** What must stand before the command. */
  readonly prefix: readonly string[];
  /** Another user to become. */
  readonly user?: { readonly uid: number; readonly gid: number };
}

const NOBODY = { uid: 65_534, gid: 65_534 };
const STOP_TIMEOUT_MS = 10_000;

export const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * For root, a user namespace without a mapping comes first: in it the process is nobody, yet still owns root's files, so
 * no system user is made, nothing changes hands, and folders only root can enter still work. Containers often forbid
 * namespaces; there it becomes nobody in earnest. A cluster that belongs to someone else stays theirs.
 */
export async function identityFor(directory: string): Promise<Identity> {
  if (process.getuid?.() !== 0) return { prefix: [] };
  const owner = await stat(directory).catch(() => undefined);
  if (owner && owner.uid !== 0) return { prefix: [], user: { uid: owner.uid, gid: owner.gid } };
  const prefix = ['unshare', '--user', '--'];
  return run({ prefix }, ['true']).then(
    () => ({ prefix }),
    () => ({ prefix: [], user: NOBODY }),
  );
}

/** @throws Error that says what to do, when that user cannot get at the programs or the folder. */
export async function ensureReachable(identity: Identity, program: string, folder: string): Promise<void> {
  if (!identity.user) return;
  for (const path of [program, folder]) {
    await run(identity, ['test', '-x', path]).catch((cause: unknown) => {
      throw new Error(
        `Postgres does not run as root, and user ${String(identity.user?.uid)} cannot enter ${path}. ` +
          'Run Toolgate as a normal user, or move it and DATA_DIR to folders that other users can enter, or set DATABASE_URL.',
        { cause },
      );
    });
  }
}

/** Runs a command to its end; rejects with what it wrote to standard error. */
export async function run(identity: Identity, command: readonly string[]): Promise<void> {
  const [program = '', ...parameters] = [...identity.prefix, ...command];
  await new Promise<void>((resolve, reject) => {
    const child = spawn(program, parameters, {
      ...identity.user,
      cwd: '/',
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let complaint = '';
    child.stderr.on('data', (chunk: Buffer) => {
      complaint += chunk.toString();
    });
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`${program} failed (${String(code)}): ${complaint.trim()}`));
    });
  });
}

export async function isAlive(pid: number): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  // In a container without an init, the dead whose parent was killed stay in the process table for ever.
  const status = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return !/\) [ZX] /.test(status);
}

/** Postgres's fast shutdown: open transactions roll back, everything committed is on disk. */
export async function end(pid: number): Promise<void> {
  const deadline = Date.now() + STOP_TIMEOUT_MS;
  if (await isAlive(pid)) process.kill(pid, 'SIGINT');
  while ((await isAlive(pid)) && Date.now() < deadline) await sleep(20);
}
