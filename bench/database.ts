import { totalmem } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../src/database/embedded-postgres.js';

/** A quarter of the machine's, as Postgres's documentation advises for a server of its own; at most 4 GiB. */
const sharedBuffers = () => `${Math.floor(Math.min(totalmem() / 4, 4 * 2 ** 30) / 2 ** 20)}MB`;

/** One server for all contenders, as durable as Postgres is out of the box (fsync and synchronous_commit on). */
export async function startPostgres(directory: string): Promise<EmbeddedPostgres> {
  return startEmbeddedPostgres({
    directory: join(directory, 'postgres'),
    passwordFile: join(directory, 'postgres-password'),
    settings: { max_connections: '200', shared_buffers: sharedBuffers(), max_wal_size: '4GB' },
  });
}

export function databaseUrl(server: string, name: string): string {
  const url = new URL(server);
  url.pathname = `/${name}`;
  return url.href;
}

export async function createDatabase(server: string, name: string): Promise<string> {
  await query(server, `CREATE DATABASE ${name}`);
  return databaseUrl(server, name);
}

export async function connectTo(url: string): Promise<{ client: pg.Client; stop: () => Promise<void> }> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return { client, stop: () => client.end() };
}

export async function query<Row extends pg.QueryResultRow>(
  url: string,
  text: string,
  values?: unknown[],
): Promise<Row[]> {
  const { client, stop } = await connectTo(url);
  try {
    return (await client.query<Row>(text, values)).rows;
  } finally {
    await stop();
  }
}
