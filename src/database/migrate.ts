import { DataSource } from 'typeorm';
import { dataSourceOptions } from './data-source.js';

/** Any number; it only has to be the same in every replica. */
const LOCK = 7_262_026;

/**
 * Brings the schema up to date. Replicas that start together wait for the first: the lock belongs to a transaction,
 * not to a session, so it also holds through pgbouncer in transaction mode.
 *
 * @returns the names of the migrations that ran.
 */
export async function migrate(url: string): Promise<string[]> {
  const dataSource = await new DataSource(dataSourceOptions(url, 2)).initialize();
  const holder = dataSource.createQueryRunner();
  try {
    await holder.startTransaction();
    await holder.query('SELECT pg_advisory_xact_lock($1)', [LOCK]);
    const ran = await dataSource.runMigrations({ transaction: 'each' });
    await holder.commitTransaction();
    return ran.map((migration) => migration.name);
  } finally {
    await holder.release();
    await dataSource.destroy();
  }
}
