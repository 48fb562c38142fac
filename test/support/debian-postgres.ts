import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { run } from '../../src/database/embedded-process.js';
import { daemonHome, speaksPostgres, startDaemon } from './daemon.js';
import { debianPrograms } from './debian-programs.mjs';
import { reservePort } from './port.js';
import { databaseUrl, queryOnce } from './postgres.js';

export interface DebianPostgres {
  /** An empty database of its own. */
  createDatabase(): Promise<string>;
  schemaOf(url: string): Promise<string>;
  /** Leaves what its databases hold where the run searches for secrets. */
  stop(): Promise<void>;
}

/** The system's own Postgres, made anew for the run. */
export async function startDebianPostgres(): Promise<DebianPostgres> {
  const { initdb, postgres, pgDump } = debianPrograms();
  const home = await daemonHome();
  const { directory, identity } = home;
  const [data, passwordFile] = [join(directory, 'data'), join(directory, 'password')];
  const password = randomBytes(24).toString('hex');
  await writeFile(passwordFile, password);
  await run(identity, [
    initdb, `--pgdata=${data}`, '--username=toolgate', `--pwfile=${passwordFile}`, '--auth=scram-sha-256',
    '--encoding=UTF8', '--locale=C.UTF-8', '--no-sync',
  ]); // prettier-ignore
  const port = await reservePort();
  const settings = { listen_addresses: '127.0.0.1', unix_socket_directories: '', fsync: 'off' };
  const server = `postgres://toolgate:${password}@127.0.0.1:${port}/postgres`;
  const daemon = await startDaemon(
    home,
    [
      postgres, '-D', data, '-p', String(port),
      ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    ], // prettier-ignore
    speaksPostgres(server),
  );

  const databases: string[] = [];
  const dump = async (url: string, what: '--schema-only' | '--data-only') => {
    const { stdout } = await promisify(execFile)(pgDump, [what, url], { maxBuffer: 64 * 1024 * 1024 });
    return stdout;
  };
  return {
    async createDatabase() {
      const name = `toolgate_${randomBytes(6).toString('hex')}`;
      await queryOnce(server, `CREATE DATABASE ${name}`);
      databases.push(name);
      return databaseUrl(server, name);
    },
    // Newer ones guard the dump with a random key.
    schemaOf: async (url) => (await dump(url, '--schema-only')).replace(/^\\(un)?restrict .*\n/gm, ''),
    async stop() {
      const dumps = join(process.env['TOOLGATE_TEST_DIRECTORY'] ?? '', 'dumps');
      for (const name of databases)
        await writeFile(join(dumps, name), await dump(databaseUrl(server, name), '--data-only'));
      await daemon.end('SIGINT');
    },
  };
}
