import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { daemonHome, speaksPostgres, startDaemon } from './daemon.js';
import { debianPrograms } from './debian-programs.mjs';
import { reservePort } from './port.js';

export interface Pgbouncer {
  /** The same database, by way of the pooler. */
  readonly url: string;
  start(): Promise<void>;
  /** At once and for every client: what the signals for that are differs between versions. */
  kill(): Promise<void>;
}

/** The system's own pgbouncer in transaction mode, with few connections to the server. */
export async function startPgbouncer(databaseUrl: string, poolSize: number): Promise<Pgbouncer> {
  const { pgbouncer } = debianPrograms();
  const home = await daemonHome();
  const [settings, users] = [join(home.directory, 'pgbouncer.ini'), join(home.directory, 'users')];
  const { hostname, port, username, password } = new URL(databaseUrl);
  const url = new URL(databaseUrl);
  url.port = String(await reservePort());
  await writeFile(users, `"${username}" "${password}"\n`);
  await writeFile(
    settings,
    `[databases]
* = host=${hostname} port=${port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${url.port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = ${users}
pool_mode = transaction
default_pool_size = ${poolSize}
`,
  );
  const start = () => startDaemon(home, [pgbouncer, settings], speaksPostgres(url.href));
  let daemon = await start();
  return {
    url: url.href,
    async start() {
      daemon = await start();
    },
    kill: () => daemon.end('SIGKILL'),
  };
}
