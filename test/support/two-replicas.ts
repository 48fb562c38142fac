import pg from 'pg';
import { startTestService, type TestService } from './harness.js';

export const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

export interface TwoReplicas {
  readonly one: TestService;
  readonly two: TestService;
  /** A connection of its own to their database. */
  readonly sql: pg.Client;
  /** How many Postgres has found there so far. */
  deadlocks(): Promise<number>;
  stop(): Promise<void>;
}

export async function startTwoReplicas(): Promise<TwoReplicas> {
  const one = await startTestService();
  const { databaseUrl, masterKey, url: publicUrl } = one;
  const two = await startTestService({ databaseUrl, masterKey, publicUrl });
  const sql = new pg.Client({ connectionString: databaseUrl });
  await sql.connect();
  return {
    one,
    two,
    sql,
    async deadlocks() {
      // A backend reports what it counted when it has been idle for a moment.
      await pause(1100);
      const { rows } = await sql.query<{ deadlocks: string }>(
        'SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()',
      );
      return Number(rows[0]?.deadlocks);
    },
    async stop() {
      await sql.end();
      await Promise.all([one.stop(), two.stop()]);
    },
  };
}
