import pg from 'pg';
import { DataSource, MigrationExecutor } from 'typeorm';
import { dataSourceOptions } from './data-source.js';

/** Any number; it only has to be the same in every replica. */
const LOCK = 7_262_026;

/** In the schema that TypeORM keeps its records in; a table of that name may also be elsewhere on the search path. */
const RECORDED = `
  SELECT m.name FROM migrations m JOIN pg_class c ON c.oid = m.tableoid JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname = current_schema()`;

/**
 * Brings the schema up to date. Replicas that start together wait for the first: the lock belongs to a transaction,
 * not to a session, so it also holds through pgbouncer in transaction mode. The migrations run in that same transaction:
 * a second connection would wait for ever where the waiting replicas have all that the pooler gives.
 *
 * @returns the names of the migrations that ran.
 */
export async function migrate(url: string): Promise<string[]> {
  if (await isUpToDate(url)) return [];
  const dataSource = await new DataSource({
    ...dataSourceOptions(url, 1),
    // No query_timeout: a migration, and the wait for another replica's, take as long as they take.
    extra: { keepAlive: true },
  }).initialize();
  const holder = dataSource.createQueryRunner();
  try {
    await holder.startTransaction();
    await holder.query('SELECT pg_advisory_xact_lock($1)', [LOCK]);
    const ran = await new MigrationExecutor(dataSource, holder).executePendingMigrations();
    await holder.commitTransaction();
    return ran.map((migration) => migration.name);
  } finally {
    await holder.release();
    await dataSource.destroy();
  }
}

/**
 * Whether all migrations are recorded, as at nearly every start: then there is nothing to lock and no DataSource to make.
 * What another replica has not committed is not seen here, and is waited for as above.
 */
async function isUpToDate(url: string): Promise<boolean> {
  const { applicationName, connectTimeoutMS, migrations } = dataSourceOptions(url, 1);
  const client = new pg.Client({
    connectionString: url,
    application_name: applicationName,
    connectionTimeoutMillis: connectTimeoutMS,
    keepAlive: true,
  });
  // A connection that breaks fails the query that waits; unheard, the event would end the process.
  client.on('error', () => undefined);
  await client.connect();
  try {
    const { rows } = await client.query<{ name: string }>(RECORDED);
    const recorded = new Set(rows.map(({ name }) => name));
    return migrations.every(({ name }) => recorded.has(name));
  } catch (error) {
    // There is none yet, or another application's is in the way: for TypeORM to see to.
    if (error instanceof pg.DatabaseError) return false;
    throw error;
  } finally {
    await client.end();
  }
}
