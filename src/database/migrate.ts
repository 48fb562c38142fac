import { DataSource, MigrationExecutor } from 'typeorm';
import { dataSourceOptions } from './data-source.js';

/** Any number; it only has to be the same in every replica. */
const LOCK = 7_262_026;

/**
 * Brings the schema up to date. Replicas that start together wait for the first: the lock belongs to a transaction,
 * not to a session, so it also holds through pgbouncer in transaction mode. The migrations run in that same transaction:
 * a second connection would wait for ever where the waiting replicas have all that the pooler gives.
 *
 * @returns the names of the migrations that ran.
 */
export async function migrate(url: string): Promise<string[]> {
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
