import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '../../src/database/embedded-postgres.js';
import { migrate } from '../../src/database/migrate.js';
import { databaseUrl, queryOnce } from './postgres.js';

declare global {
  var toolgateTestRun: { directory: string; embedded: EmbeddedPostgres | undefined } | undefined;
}

/** One Postgres for the run, and in it one migrated database that every test file copies. */
export default async function globalSetup(): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'toolgate-test-'));
  await mkdir(join(directory, 'logs'));
  await mkdir(join(directory, 'secrets'));
  const given = process.env['TEST_DATABASE_URL'];
  const embedded = given
    ? undefined
    : await startEmbeddedPostgres({
        directory: join(directory, 'postgres'),
        passwordFile: join(directory, 'postgres-password'),
        settings: { fsync: 'off', max_connections: '300' },
      });
  const server = given ?? embedded?.url ?? '';
  process.env['TOOLGATE_TEST_SERVER'] = server;
  process.env['TOOLGATE_TEST_DIRECTORY'] = directory;
  const template = `toolgate_template_${process.pid}`;
  process.env['TOOLGATE_TEST_TEMPLATE'] = template;
  await queryOnce(server, `CREATE DATABASE ${template}`);
  await migrate(databaseUrl(server, template));
  await writeFile(join(directory, 'databases'), '');
  globalThis.toolgateTestRun = { directory, embedded };
}
