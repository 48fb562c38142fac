import pg from 'pg';
import { DataSource, MigrationExecutor } from 'typeorm';
import { VERSION } from '../config/version.js';
import { dataSourceOptions } from './data-source.js';

/** Any number; it only has to be the same in every replica. */
const LOCK = 7_262_026;

/** TypeORM keeps its records in the first schema of the search path; a table of that name may also be in a later one. */
const IS_RECORDED = `SELECT to_regclass(format('%I.migrations', current_schema())) IS NOT NULL AS recorded`;
const RECORDED = 'SELECT name FROM migrations';

/** The database holds what only a later version can read and write. */
class SchemaIsNewerError extends Error {
  constructor(unknown: readonly string[]) {
    super(
      `The database was migrated by a newer version, or another application keeps its migrations in the same schema: ` +
        `${unknown.join(', ')} ${unknown.length === 1 ? 'is' : 'are'} not known to version ${VERSION}. Start the newer version, restore ` +
        `a backup from before it, or give the other application a schema of its own.`,
    );
    this.name = 'SchemaIsNewerError';
  }
}

/**
 * Brings the schema up to date. Replicas that start together wait for the first: the lock belongs to a transaction,
 * not to a session, so it also holds through pgbouncer in transaction mode. The migrations run in that same transaction:
 * a second connection would wait for ever where the waiting replicas have all that the pooler gives.
 *
 * @returns the names of the migrations that ran.
 * @throws SchemaIsNewerError without having changed anything.
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
    const { rows } = await client.query<{ recorded: boolean }>(IS_RECORDED);
    if (!rows[0]?.recorded) return false;
    const recorded = (await client.query<{ name: string }>(RECORDED)).rows.map(({ name }) => name);
    const known = migrations.map(({ name }) => name);
    const unknown = recorded.filter((name) => !known.includes(name));
    if (unknown.length > 0) throw new SchemaIsNewerError(unknown);
    return known.every((name) => recorded.includes(name));
  } catch (error) {
    // Another application's table is in the way: for TypeORM to see to.
    if (error instanceof pg.DatabaseError) return false;
    throw error;
  } finally {
    await client.end();
  }
}
