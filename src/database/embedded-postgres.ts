import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { dirname, resolve as absolute } from 'node:path';
import pg from 'pg';
import { findBinaries } from './embedded-binaries.js';
import { initialise, USER } from './embedded-cluster.js';
import { findRunning, type Postmaster } from './embedded-postmaster.js';
import { freePort } from './free-port.js';
import { end, ensureReachable, type Identity, identityFor, isAlive, run, sleep } from './embedded-process.js';

export interface EmbeddedPostgres {
  readonly url: string;
  readonly dataDirectory: string;
  /** It was running already, left behind by a service that was killed. */
  readonly adopted: boolean;
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

/** The types of `pg` leave these two out. */
type LockClient = pg.Client & { ref(): void; unref(): void };

const DATABASE = 'toolgate';
/** Held for the life of the service: one service per folder. Any number, the same always. */
const SERVICE_LOCK = 7_262_027;
const START_TIMEOUT_MS = 30_000;
const START_ATTEMPTS = 5;
const WRONG_PASSWORD = '28P01';
/** Postgres ended because something else was there first: its port, or another start in the same folder. */
const CAME_SECOND = /could not bind|could not create any TCP\/IP sockets|lock file "postmaster\.pid"/;

const logFile = (directory: string) => `${directory}.log`;
const urlOf = (port: number, password: string, database: string) =>
  `postgres://${USER}:${password}@127.0.0.1:${port}/${database}`;

/**
 * A real Postgres in a folder, for machines that have none: made at the first start, found again at every later one,
 * also when the service was killed and left its database running.
 *
 * @throws Error that says what to do, when another service has the folder or Postgres does not start.
 */
export async function startEmbeddedPostgres(options: EmbeddedOptions): Promise<EmbeddedPostgres> {
  const directory = absolute(options.directory);
  const password = await initialise(directory, absolute(options.passwordFile), options.onProgress);
  const running = await adoptOrLaunch(directory, password, options.settings ?? {});
  const lock = await takeLock(urlOf(running.port, password, 'postgres'), directory);
  try {
    await createDatabase(lock);
  } catch (error) {
    await lock.end().catch(() => undefined);
    await end(running.pid);
    throw error;
  }
  // The lock alone is no reason for the process to live on; letting go of it is, until that is done.
  lock.unref();
  return {
    url: urlOf(running.port, password, DATABASE),
    dataDirectory: directory,
    adopted: !running.launched,
    pid: running.pid,
    async stop() {
      lock.ref();
      await lock.end().catch(() => undefined);
      await end(running.pid);
    },
  };
}

async function adoptOrLaunch(
  directory: string,
  password: string,
  settings: Readonly<Record<string, string>>,
) {
  for (let attempt = 1; ; attempt += 1) {
    const logged = (await stat(logFile(directory)).catch(() => undefined))?.size ?? 0;
    const running = (await findRunning(directory)) ?? (await launch(directory, settings));
    const state = await ready(urlOf(running.port, password, 'postgres'), running.pid);
    if (state === 'ready') return running;
    if (running.launched) await end(running.pid);
    const said = (await readFile(logFile(directory)).catch(() => Buffer.of())).subarray(logged).toString();
    const again = state === 'ended' && (!running.launched || CAME_SECOND.test(said));
    if (!again || attempt === START_ATTEMPTS) throw new Error(explain(state, directory, said));
  }
}

function explain(state: 'ended' | 'timeout' | 'wrong password', directory: string, said: string): string {
  if (state === 'wrong password') {
    return `The database in ${directory} does not accept the password kept beside it. Restore that file.`;
  }
  const what =
    state === 'ended' ? 'ended while it started' : `was not ready after ${START_TIMEOUT_MS / 1000} s`;
  return (
    `The embedded Postgres ${what}. The end of its log, ${logFile(directory)}:\n` +
    `${said.trimEnd().split('\n').slice(-8).join('\n')}\n` +
    'Put right what it names and start again, or set DATABASE_URL to a Postgres of your own.'
  );
}

async function launch(directory: string, settings: Readonly<Record<string, string>>): Promise<Postmaster> {
  const { postgres } = await findBinaries();
  const identity = await identityFor(directory);
  await handOver(directory, identity);
  await ensureReachable(identity, postgres, directory);
  const port = await freePort();
  const all = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: '100',
    shared_buffers: '64MB',
    ...settings,
  };
  const [program = '', ...parameters] = [
    ...identity.prefix, postgres, '-D', directory, '-p', String(port),
    ...Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ]; // prettier-ignore
  const log = openSync(logFile(directory), 'a', 0o600);
  // A process group of its own: Ctrl-C in the terminal must reach the service alone, which then ends Postgres last.
  const child = spawn(program, parameters, {
    ...identity.user,
    cwd: '/',
    detached: true,
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  child.on('error', () => undefined);
  child.unref();
  if (child.pid === undefined)
    throw new Error(`The embedded Postgres could not be started: ${program} does not run.`);
  return { pid: child.pid, port, launched: true };
}

/** A cluster that root made in a namespace, where namespaces are no longer to be had. */
async function handOver(directory: string, { user }: Identity): Promise<void> {
  if (!user || (await stat(directory)).uid === user.uid) return;
  await run({ prefix: [] }, ['chown', '-R', `${user.uid}:${user.gid}`, directory]);
}

async function ready(url: string, pid: number): Promise<'ready' | 'ended' | 'timeout' | 'wrong password'> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  for (;;) {
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2000 });
    client.on('error', () => undefined);
    try {
      await client.connect();
      await client.end();
      return 'ready';
    } catch (error) {
      const refused = (error as { code?: string }).code === WRONG_PASSWORD;
      // It may be another Postgres that answers on this port, while ours is about to find that out.
      await sleep(refused ? 1000 : 20);
      if (!(await isAlive(pid))) return 'ended';
      if (refused) return 'wrong password';
      if (Date.now() > deadline) return 'timeout';
    }
  }
}

/** A direct connection, never through a pooler: its advisory lock lives and dies with this process. */
async function takeLock(url: string, directory: string): Promise<LockClient> {
  const client = new pg.Client({
    connectionString: url,
    application_name: 'toolgate-lock',
    keepAlive: true,
  }) as LockClient;
  client.on('error', () => undefined);
  await client.connect();
  // A service killed a moment ago holds it until Postgres notices.
  for (let attempt = 0; attempt < 20; attempt += 1) {
    const { rows } = await client.query<{ locked: boolean }>('SELECT pg_try_advisory_lock($1) AS locked', [
      SERVICE_LOCK,
    ]);
    if (rows[0]?.locked) return client;
    await sleep(100);
  }
  await client.end();
  // The database is the other's: it stays up.
  throw new Error(
    `Another Toolgate is running on ${dirname(directory)}. Stop it, or set DATA_DIR to another folder.`,
  );
}

async function createDatabase(client: pg.Client): Promise<void> {
  const { rows } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [DATABASE]);
  if (rows.length === 0) await client.query(`CREATE DATABASE ${DATABASE}`);
}
