import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import pg from 'pg';
import type { DataSource } from 'typeorm';
import type { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver.js';

/** One SQL statement that matters: named, so that Postgres plans it once per connection. */
export interface Statement {
  readonly name: string;
  readonly text: string;
}

/** What has a connection of its own: what must be heard within a second, and what must be kept, do not queue behind the traffic. */
const APART = {
  watch: { connectionTimeoutMillis: 2000, query_timeout: 2000 },
  // What was not answered by then is written again, which writes nothing twice; and a stop waits for no longer.
  audit: { connectionTimeoutMillis: 5000, query_timeout: 5000 },
};
export type Apart = keyof typeof APART;

function connectionApart(url: string, name: Apart): pg.Pool {
  const application_name = `toolgate-${name}`;
  const pool = new pg.Pool({ connectionString: url, max: 1, application_name, ...APART[name] });
  // An idle connection that breaks is replaced at the next query; unheard, the event would end the process.
  pool.on('error', () => undefined);
  return pool;
}

/** deadlock_detected: of two who waited for each other's rows Postgres has undone what one did, so that it may do it again. */
const isDeadlock = (error: unknown) => error instanceof pg.DatabaseError && error.code === '40P01';

/** @throws what the second try throws. */
async function againAfterDeadlock<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (!isDeadlock(error)) throw error;
    return work();
  }
}

type Query = <Row extends pg.QueryResultRow>(
  statement: Statement,
  values: readonly unknown[],
) => Promise<Row[]>;

/** SQL by hand, on the pool that TypeORM opened. Rows come back as they are, whatever the statement begins with. */
@Injectable()
export class Database implements OnApplicationShutdown {
  /** The pool itself, for libraries that bring their own SQL. */
  readonly pool: pg.Pool;
  private readonly apart: Readonly<Record<Apart, pg.Pool>>;

  constructor(
    dataSource: DataSource,
    private readonly prepared: boolean,
    url: string,
  ) {
    this.pool = (dataSource.driver as PostgresDriver).master as pg.Pool;
    this.apart = { watch: connectionApart(url, 'watch'), audit: connectionApart(url, 'audit') };
  }

  async query<Row extends pg.QueryResultRow>(
    statement: Statement,
    values: readonly unknown[],
  ): Promise<Row[]> {
    const { name, text } = statement;
    const asked = {
      ...(this.prepared ? { name } : {}),
      text,
      // A Date as text by itself: pg would write it in local time, piece by piece.
      values: values.map((value) => (value instanceof Date ? value.toISOString() : value)),
    };
    return (await againAfterDeadlock(() => this.pool.query<Row>(asked))).rows;
  }

  /** Several statements that hold together, where one must see what another waited for. After a deadlock `work` is done again. */
  async transaction<Result>(work: (query: Query) => Promise<Result>): Promise<Result> {
    return againAfterDeadlock(() => this.transactionOnce(work));
  }

  private async transactionOnce<Result>(work: (query: Query) => Promise<Result>): Promise<Result> {
    const client = await this.pool.connect();
    let broken = true;
    try {
      await client.query('BEGIN');
      const result = await work(
        async <Row extends pg.QueryResultRow>({ text }: Statement, values: readonly unknown[]) =>
          (await client.query<Row>(text, [...values])).rows,
      );
      await client.query('COMMIT');
      broken = false;
      return result;
    } finally {
      // A connection in an unknown state is closed, which rolls back.
      client.release(broken);
    }
  }

  async queryApart<Row extends pg.QueryResultRow>(
    connection: Apart,
    statement: Statement,
    values: readonly unknown[],
  ): Promise<Row[]> {
    return (await this.apart[connection].query<Row>(statement.text, [...values])).rows;
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all(Object.values(this.apart).map((pool) => pool.end()));
  }
}
