import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { startEmbeddedPostgres } from '../../dist/src/database/embedded-postgres.js';
import { migrate } from '../../dist/src/database/migrate.js';

async function connected(url, work) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

const query = (url, text) => connected(url, (client) => client.query(text));

function databaseUrl(server, name) {
  const url = new URL(server);
  url.pathname = `/${name}`;
  return url.href;
}

const dump = (url) =>
  connected(url, async (client) => {
    const tables = await client.query(`SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'`);
    const rows = [];
    for (const { name } of tables.rows)
      rows.push(...(await client.query(`SELECT row_to_json(t)::text AS row FROM "${name}" t`)).rows);
    return rows.map(({ row }) => row).join('\n');
  });

/** One Postgres for the run, and in it one migrated database that every test file copies. */
export async function startServer(directory) {
  const created = join(directory, 'databases');
  await writeFile(created, '');
  const given = process.env.TEST_DATABASE_URL;
  const embedded = given
    ? undefined
    : await startEmbeddedPostgres({
        directory: join(directory, 'postgres'),
        passwordFile: join(directory, 'postgres-password'),
        settings: { fsync: 'off', max_connections: '300' },
      });
  const url = given ?? embedded.url;
  const template = `toolgate_template_${process.pid}`;
  const databases = async () => (await readFile(created, 'utf8')).split('\n').filter((name) => name !== '');

  async function stop() {
    if (embedded) return embedded.stop();
    for (const name of [...(await databases()), template])
      await query(url, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
  }
  try {
    await query(url, `CREATE DATABASE ${template}`);
    await migrate(databaseUrl(url, template));
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    env: { TOOLGATE_TEST_SERVER: url, TOOLGATE_TEST_TEMPLATE: template },
    async dumpDatabases() {
      for (const name of await databases())
        await writeFile(join(directory, 'dumps', name), await dump(databaseUrl(url, name)));
    },
    stop,
  };
}
