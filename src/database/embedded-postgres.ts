import { spawn } from 'node:child_process';
import { openSync, closeSync } from 'node:fs';
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { dirname, join } from 'node:path';
import pg from 'pg';
import { randomToken } from '../crypto/digest.js';
import { findBinaries, launchPrefix, run } from './embedded-binaries.js';

export interface EmbeddedPostgres {
  readonly url: string;
  readonly dataDirectory: string;
  readonly pid: number;
  stop(): Promise<void>;
}

export interface EmbeddedOptions {
  readonly directory: string;
  readonly passwordFile: string;
  readonly onProgress?: (line: string) => void;
  /** Further Postgres settings, as `-c name=value`. */
  readonly settings?: Readonly<Record<string, string>>;
}

const USER = 'toolgate';
const DATABASE = 'toolgate';
/** Held for the life of the service: one service per folder. Any number, the same always. */
const SERVICE_LOCK = 7_262_027;
const START_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 20_000;

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const exists = (path: string) => stat(path).then(() => true, () => false);

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/**
 * A real Postgres in a folder, for machines that have none: made at the first start, found again at every later one,
 * also when the service was killed and left its database running.
 *
 * @throws Error that says what to do, when another service has the folder or Postgres does not start.
 */
export async function startEmbeddedPostgres(options: EmbeddedOptions): Promise<EmbeddedPostgres> {
  const password = await initialise(options);
  const running = (await findRunning(options.directory)) ?? (await launch(options));
  const urlOf = (database: string) => `postgres://${USER}:${password}@127.0.0.1:${running.port}/${database}`;
  let lock: pg.Client;
  try {
    await ready(urlOf('postgres'), running.pid, options.directory);
    lock = await takeLock(urlOf('postgres'), options.directory);
  } catch (error) {
    if (running.launched) await end(running.pid);
    throw error;
  }
  await createDatabase(lock);
  return {
    url: urlOf(DATABASE),
    dataDirectory: options.directory,
    pid: running.pid,
    async stop() {
      await lock.end().catch(() => undefined);
      await end(running.pid);
    },
  };
}

/** Makes the cluster beside its place and moves it there whole, so that a kill half-way leaves nothing behind. */
async function initialise({ directory, passwordFile, onProgress }: EmbeddedOptions): Promise<string> {
  if (!(await exists(passwordFile))) await writeFile(passwordFile, randomToken(), { mode: 0o600 });
  const password = (await readFile(passwordFile, 'utf8')).trim();
  if (await exists(join(directory, 'PG_VERSION'))) return password;

  onProgress?.('Creating the embedded database ...');
  const { initdb } = await findBinaries();
  await mkdir(dirname(directory), { recursive: true });
  const draft = `${directory}.${process.pid}.new`;
  await rm(draft, { recursive: true, force: true });
  await run([
    ...(await launchPrefix()), initdb, `--pgdata=${draft}`, `--username=${USER}`, `--pwfile=${passwordFile}`,
    '--auth=scram-sha-256', '--encoding=UTF8', '--locale-provider=builtin', '--locale=C.UTF-8',
  ]); // prettier-ignore
  await rename(draft, directory).catch(async (error: NodeJS.ErrnoException) => {
    await rm(draft, { recursive: true, force: true });
    // Another start was first: its cluster is as good.
    if (!(await exists(join(directory, 'PG_VERSION')))) throw error;
  });
  return password;
}

interface Postmaster {
  readonly pid: number;
  readonly port: number;
  readonly launched: boolean;
}

/** postmaster.pid: the process on line 1, the port on line 4. */
async function findRunning(directory: string): Promise<Postmaster | undefined> {
  const lines = (await readFile(join(directory, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n');
  const pid = Number(lines[0]);
  const port = Number(lines[3]);
  if (!pid || !port || !isAlive(pid) || !(await isPostgres(pid))) return undefined;
  return { pid, port, launched: false };
}

/** After a reboot the number in postmaster.pid may be some other process's. */
async function isPostgres(pid: number): Promise<boolean> {
  if (process.platform !== 'linux') return true;
  return (await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '')).startsWith('postgres');
}

async function launch({ directory, settings = {} }: EmbeddedOptions): Promise<Postmaster> {
  const { postgres } = await findBinaries();
  const port = await freePort();
  const all = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: '100',
    shared_buffers: '64MB',
    ...settings,
  };
  const [program = '', ...parameters] = [
    ...(await launchPrefix()), postgres, '-D', directory, '-p', String(port),
    ...Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ]; // prettier-ignore
  const log = openSync(logFile(directory), 'a', 0o600);
  // A process group of its own: Ctrl-C in the terminal must reach the service alone, which then ends Postgres last.
  const child = spawn(program, parameters, { detached: true, stdio: ['ignore', log, log] });
  closeSync(log);
  child.on('error', () => undefined);
  child.unref();
  if (child.pid === undefined) throw new Error('The embedded Postgres could not be started.');
  return { pid: child.pid, port, launched: true };
}

const logFile = (directory: string) => `${directory}.log`;

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function ready(url: string, pid: number, directory: string): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  for (;;) {
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2000 });
    try {
      await client.connect();
      await client.end();
      return;
    } catch (error) {
      if (!isAlive(pid) || Date.now() > deadline) {
        const tail = (await readFile(logFile(directory), 'utf8').catch(() => '')).split('\n').slice(-8).join('\n');
        throw new Error(`The embedded Postgres in ${directory} did not start:\n${tail}`, { cause: error });
      }
      await sleep(20);
    }
  }
}

/** A direct connection, never through a pooler: its advisory lock lives and dies with this process. */
async function takeLock(url: string, directory: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, application_name: 'toolgate-lock', keepAlive: true });
  client.on('error', () => undefined);
  await client.connect();
  // A service killed a moment ago holds it until Postgres notices.
  for (let attempt = 0; attempt < 20; attempt += 1) {
    const { rows } = await client.query<{ locked: boolean }>('SELECT pg_try_advisory_lock($1) AS locked', [SERVICE_LOCK]);
    if (rows[0]?.locked) return client;
    await sleep(100);
  }
  await client.end();
  throw new Error(`Another Toolgate is running on ${dirname(directory)}. Stop it, or set DATA_DIR to another folder.`);
}

async function createDatabase(client: pg.Client): Promise<void> {
  const { rows } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [DATABASE]);
  if (rows.length === 0) await client.query(`CREATE DATABASE ${DATABASE}`);
}

/** Postgres's fast shutdown: open transactions roll back, everything committed is on disk. */
async function end(pid: number): Promise<void> {
  const deadline = Date.now() + STOP_TIMEOUT_MS;
  if (isAlive(pid)) process.kill(pid, 'SIGINT');
  while (isAlive(pid) && Date.now() < deadline) await sleep(20);
}
