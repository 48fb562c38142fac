import { randomBytes } from 'node:crypto';
import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';

export function databaseUrl(server: string, name: string): string {
  const url = new URL(server);
  url.pathname = `/${name}`;
  return url.href;
}

export async function queryOnce<Row extends pg.QueryResultRow>(url: string, text: string, values: unknown[] = []): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Row>(text, values)).rows;
  } finally {
    await client.end();
  }
}

/** A database of its own for one test file, copied from the migrated one. It is kept until the run ends and is searched for secrets. */
export async function createDatabase(): Promise<string> {
  const server = process.env['TOOLGATE_TEST_SERVER'] ?? '';
  const name = `toolgate_${randomBytes(6).toString('hex')}`;
  await queryOnce(server, `CREATE DATABASE ${name} TEMPLATE ${process.env['TOOLGATE_TEST_TEMPLATE'] ?? ''} STRATEGY file_copy`);
  await appendFile(join(process.env['TOOLGATE_TEST_DIRECTORY'] ?? '', 'databases'), `${name}\n`);
  return databaseUrl(server, name);
}

/** Every row of every table as text: what a dump of the database would hold. */
export async function dump(url: string): Promise<string> {
  const tables = await queryOnce<{ name: string }>(url, `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'`);
  const rows = await Promise.all(
    tables.map(({ name }) => queryOnce<{ row: string }>(url, `SELECT row_to_json(t)::text AS row FROM "${name}" t`)),
  );
  return rows.flat().map(({ row }) => row).join('\n');
}
