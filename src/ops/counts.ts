import { Injectable } from '@nestjs/common';
import { Batches } from '../database/batches.js';
import { Database, type Statement } from '../database/database.js';

/** Points to count for a key. */
interface Taken {
  readonly key: string;
  readonly points: number;
  /** When the window ends that this begins, unless one is running. Milliseconds since 1970, as all times here. */
  readonly expire: number;
}

/** A point to give back, in the window that ends then, or in the one that is running. */
interface GivenBack {
  readonly key: string;
  readonly windowEnd: number | undefined;
}

/** Where a key stands, and when its window ends. */
export interface Count {
  readonly points: number;
  readonly expire: number;
}

// In the order of the keys, so that no two replicas lock each other out. $1 keys, no two alike, $2 points, $3 ends, $4 now.
const TAKE: Statement = {
  name: 'rate-limit-take',
  text: `
    INSERT INTO rate_limits AS r (key, points, expire)
    SELECT * FROM unnest($1::text[], $2::int[], $3::bigint[]) AS taken (key, points, expire) ORDER BY key
    ON CONFLICT (key) DO UPDATE SET
      points = CASE WHEN r.expire <= $4 THEN excluded.points ELSE r.points + excluded.points END,
      expire = CASE WHEN r.expire <= $4 THEN excluded.expire ELSE r.expire END
    RETURNING key, points, expire`,
};
// What was counted in a window that is over is gone with it: nothing of it may be given back in the next. $1 keys, $2 windows'
// ends or nulls, $3 now.
const GIVE_BACK: Statement = {
  name: 'rate-limit-give-back',
  text: `
    WITH given AS (
      SELECT key, window_end, count(*)::int AS points
      FROM unnest($1::text[], $2::bigint[]) AS given (key, window_end) GROUP BY key, window_end
    ), locked AS (
      SELECT r.key, sum(g.points)::int AS points FROM (
        SELECT key, expire FROM rate_limits WHERE key = ANY($1) ORDER BY key FOR UPDATE
      ) r JOIN given g ON g.key = r.key AND r.expire > $3 AND coalesce(g.window_end, r.expire) = r.expire
      GROUP BY r.key
    )
    UPDATE rate_limits SET points = greatest(0, rate_limits.points - locked.points)
    FROM locked WHERE rate_limits.key = locked.key`,
};
const FORGET: Statement = {
  name: 'rate-limit-forget',
  text: `DELETE FROM rate_limits WHERE key IN (SELECT key FROM rate_limits WHERE key = ANY($1) ORDER BY key FOR UPDATE)`,
};
const SWEEP: Statement = {
  name: 'rate-limit-sweep',
  text: `DELETE FROM rate_limits WHERE key IN (SELECT key FROM rate_limits WHERE expire < $1 ORDER BY key FOR UPDATE SKIP LOCKED)`,
};

const MANY_AT_ONCE = { most: 64, atOnce: 4 };

/** The counts of the rate limits, in Postgres, so that every replica counts the same. What comes at once is one statement. */
@Injectable()
export class Counts {
  private readonly taken = new Batches<Taken, Count>({ run: (all) => this.takeAll(all), ...MANY_AT_ONCE });
  private readonly givenBack = new Batches<GivenBack, never>({
    run: (all) => this.giveAllBack(all),
    ...MANY_AT_ONCE,
  });
  private readonly forgotten = new Batches<string, never>({
    run: (keys) => this.forgetAll(keys),
    ...MANY_AT_ONCE,
  });

  constructor(private readonly database: Database) {}

  async take(taken: Taken): Promise<Count> {
    const count = await this.taken.add(taken);
    if (!count) throw new Error('what was taken was not counted');
    return count;
  }

  async giveBack(given: GivenBack): Promise<void> {
    await this.givenBack.add(given);
  }

  async forget(key: string): Promise<void> {
    await this.forgotten.add(key);
  }

  async forgetExpired(): Promise<void> {
    await this.database.query(SWEEP, [Date.now()]);
  }

  private async takeAll(taken: readonly Taken[]): Promise<Count[]> {
    const sums = new Map<string, Taken>();
    for (const one of taken) {
      const points = (sums.get(one.key)?.points ?? 0) + one.points;
      sums.set(one.key, { ...one, points });
    }
    const all = [...sums.values()];
    const rows = await this.database.query<{ key: string; points: number; expire: string }>(TAKE, [
      all.map(({ key }) => key),
      all.map(({ points }) => points),
      all.map(({ expire }) => expire),
      Date.now(),
    ]);
    const counts = new Map(rows.map(({ key, points, expire }) => [key, { points, expire: Number(expire) }]));
    return inTurn(taken, sums, counts);
  }

  private async giveAllBack(given: readonly GivenBack[]): Promise<never[]> {
    const keys = given.map(({ key }) => key);
    const ends = given.map(({ windowEnd }) => windowEnd ?? null);
    await this.database.query(GIVE_BACK, [keys, ends, Date.now()]);
    return [];
  }

  private async forgetAll(keys: readonly string[]): Promise<never[]> {
    await this.database.query(FORGET, [keys]);
    return [];
  }
}

/** Of those who took of one key together, each stands where it would have stood alone: none may hide behind another. */
function inTurn(
  taken: readonly Taken[],
  sums: ReadonlyMap<string, Taken>,
  after: ReadonlyMap<string, Count>,
): Count[] {
  const standing = new Map<string, number>();
  return taken.map(({ key, points }) => {
    const count = after.get(key);
    if (!count) throw new Error('what was taken was not counted');
    const before = standing.get(key) ?? count.points - (sums.get(key)?.points ?? 0);
    standing.set(key, before + points);
    return { points: before + points, expire: count.expire };
  });
}
