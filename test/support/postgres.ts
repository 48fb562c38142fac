import { randomBytes } from 'node:crypto';
import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';

export function databaseUrl(server: string, name: string): string {
  const url = new URL(server);
  url.pathname = `/${name}`;
  return url.href;
}

export async function queryOnce<Row extends pg.QueryResultRow>(
  url: string,
  text: string,
  values: unknown[] = [],
): Promise<Row[]> {
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
  await queryOnce(
    server,
    `CREATE DATABASE ${name} TEMPLATE ${process.env['TOOLGATE_TEST_TEMPLATE'] ?? ''} STRATEGY file_copy`,
  );
  await appendFile(join(process.env['TOOLGATE_TEST_DIRECTORY'] ?? '', 'databases'), `${name}\n`);
  return databaseUrl(server, name);
}
