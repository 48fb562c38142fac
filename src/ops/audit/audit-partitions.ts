import { Injectable } from '@nestjs/common';
import { Database } from '../../database/database.js';

const DAY_MS = 86_400_000;
/** Any number; it only has to be the same in every replica. */
const LOCK = 7_262_027;

const dayOf = (at: Date): number => Math.floor(at.getTime() / DAY_MS);
const nameOf = (day: number): string =>
  `audit_events_${new Date(day * DAY_MS).toISOString().slice(0, 10).replaceAll('-', '')}`;
const boundary = (day: number): string => `'${new Date(day * DAY_MS).toISOString()}'`;

const statement = (text: string) => ({ name: '', text });
const TAKE_LOCK = statement('SELECT pg_advisory_xact_lock($1)');
const EXISTS = statement('SELECT to_regclass($1) IS NOT NULL AS found');
// Local to its transaction, so that pgbouncer may give the connection to anybody afterwards.
const SHORT_WAIT = statement(`SELECT set_config('lock_timeout', '2s', true)`);
const ALL = {
  name: 'audit-partitions',
  text: `SELECT c.relname AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
         WHERE i.inhparent = 'audit_events'::regclass ORDER BY c.relname`,
};

/** One partition of `audit_events` per UTC day: a day past its time leaves as one dropped table, not row by row. */
@Injectable()
export class AuditPartitions {
  private readonly known = new Set<number>();

  constructor(private readonly database: Database) {}

  /** Makes the partitions that these moments fall into, where they are missing. */
  async ensure(moments: readonly Date[]): Promise<void> {
    for (const day of new Set(moments.map(dayOf))) {
      if (this.known.has(day)) continue;
      await this.make(day);
      this.known.add(day);
    }
  }

  /** After another replica dropped what this one knew. */
  forget(): void {
    this.known.clear();
  }

  /** Attaching takes no lock that a reader or a writer would wait for; PARTITION OF would (Postgres: ALTER TABLE, Notes). */
  private async make(day: number): Promise<void> {
    const name = nameOf(day);
    await this.database.transaction(async (query) => {
      await query(TAKE_LOCK, [LOCK]);
      const [row] = await query<{ found: boolean }>(EXISTS, [name]);
      if (row?.found) return;
      await query(statement(`CREATE TABLE ${name} (LIKE audit_events INCLUDING ALL)`), []);
      const range = `FROM (${boundary(day)}) TO (${boundary(day + 1)})`;
      await query(statement(`ALTER TABLE audit_events ATTACH PARTITION ${name} FOR VALUES ${range}`), []);
    });
  }

  /**
   * Drops every day that ended before `moment`. Each drop holds its lock for milliseconds and waits for it two seconds at
   * most; one that does not get it is left for the next time.
   *
   * @returns how many days left.
   */
  async dropBefore(moment: Date): Promise<number> {
    const first = nameOf(dayOf(moment));
    const partitions = await this.database.query<{ name: string }>(ALL, []);
    const outlived = partitions.filter(({ name }) => /^audit_events_\d{8}$/.test(name) && name < first);
    for (const { name } of outlived) {
      await this.database.transaction(async (query) => {
        await query(SHORT_WAIT, []);
        await query(statement(`DROP TABLE IF EXISTS ${name}`), []);
      });
    }
    if (outlived.length > 0) this.forget();
    return outlived.length;
  }
}
