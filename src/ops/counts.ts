import { Injectable } from '@nestjs/common';
import { Batches } from '../database/batches.js';
import { Database, type Statement } from '../database/database.js';

/** Points to add to a key, or with a minus to take from it. */
interface Change {
  readonly key: string;
  readonly points: number;
  /** When the window ends that this begins, unless one is running. Milliseconds since 1970, as all times here. */
  readonly expire: number;
}

/** Where a key stands after a change, and when its window ends. */
export interface Count {
  readonly points: number;
  readonly expire: number;
}

// In the order of the keys, so that two replicas never wait for each other. $1 keys, no two alike, $2 points, $3 ends, $4 now.
const CHANGE: Statement = {
  name: 'rate-limit-change',
  text: `
    INSERT INTO rate_limits AS r (key, points, expire)
    SELECT * FROM unnest($1::text[], $2::int[], $3::bigint[]) AS changed (key, points, expire) ORDER BY key
    ON CONFLICT (key) DO UPDATE SET
      points = CASE WHEN r.expire <= $4 THEN excluded.points ELSE r.points + excluded.points END,
      expire = CASE WHEN r.expire <= $4 THEN excluded.expire ELSE r.expire END
    RETURNING key, points, expire`,
};
const FORGET: Statement = {
  name: 'rate-limit-forget',
  text: `DELETE FROM rate_limits WHERE key IN (SELECT key FROM rate_limits WHERE key = ANY($1) ORDER BY key FOR UPDATE)`,
};
const SWEEP: Statement = { name: 'rate-limit-sweep', text: 'DELETE FROM rate_limits WHERE expire < $1' };

const MANY_AT_ONCE = { most: 64, atOnce: 4 };

/** The counts of the rate limits, in Postgres, so that every replica counts the same. What comes at once is one statement. */
@Injectable()
export class Counts {
  private readonly changes = new Batches<Change, Count>({
    run: (changes) => this.changeAll(changes),
    ...MANY_AT_ONCE,
  });
  private readonly forgotten = new Batches<string, never>({
    run: (keys) => this.forgetAll(keys),
    ...MANY_AT_ONCE,
  });

  constructor(private readonly database: Database) {}

  async change(change: Change): Promise<Count> {
    const count = await this.changes.add(change);
    if (!count) throw new Error('a change was not counted');
    return count;
  }

  async forget(key: string): Promise<void> {
    await this.forgotten.add(key);
  }

  async forgetExpired(): Promise<void> {
    await this.database.query(SWEEP, [Date.now()]);
  }

  private async changeAll(changes: readonly Change[]): Promise<Count[]> {
    const sums = new Map<string, Change>();
    for (const change of changes) {
      const points = (sums.get(change.key)?.points ?? 0) + change.points;
      sums.set(change.key, { ...change, points });
    }
    const all = [...sums.values()];
    const rows = await this.database.query<{ key: string; points: number; expire: string }>(CHANGE, [
      all.map(({ key }) => key),
      all.map(({ points }) => points),
      all.map(({ expire }) => expire),
      Date.now(),
    ]);
    const counts = new Map(rows.map(({ key, points, expire }) => [key, { points, expire: Number(expire) }]));
    return inTurn(changes, sums, counts);
  }

  private async forgetAll(keys: readonly string[]): Promise<never[]> {
    await this.database.query(FORGET, [keys]);
    return [];
  }
}

/** Of those who changed one key together, each stands where it would have stood alone: none may hide behind another. */
function inTurn(
  changes: readonly Change[],
  sums: ReadonlyMap<string, Change>,
  after: ReadonlyMap<string, Count>,
): Count[] {
  const standing = new Map<string, number>();
  return changes.map(({ key, points }) => {
    const count = after.get(key);
    if (!count) throw new Error('a change was not counted');
    const before = standing.get(key) ?? count.points - (sums.get(key)?.points ?? 0);
    standing.set(key, before + points);
    return { points: before + points, expire: count.expire };
  });
}
