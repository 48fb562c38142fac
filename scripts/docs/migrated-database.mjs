import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { startEmbeddedPostgres } from '../../dist/src/database/embedded-postgres.js';
import { migrate } from '../../dist/src/database/migrate.js';

/** In a migrated database: the tests bring one of theirs, else one is made for the occasion. */
export async function withMigratedDatabase(work) {
  const given = process.env.DOCS_DATABASE_URL;
  if (given) return connected(given, work);
  const directory = await mkdtemp(join(tmpdir(), 'toolgate-docs-'));
  try {
    const embedded = await startEmbeddedPostgres({
      directory: join(directory, 'postgres'),
      passwordFile: join(directory, 'postgres-password'),
      settings: { fsync: 'off' },
    });
    try {
      await migrate(embedded.url);
      return await connected(embedded.url, work);
    } finally {
      await embedded.stop();
    }
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function connected(connectionString, work) {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
