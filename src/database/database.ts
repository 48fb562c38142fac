import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import pg from 'pg';
import type { DataSource } from 'typeorm';
import type { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver.js';

/** One SQL statement that matters: named, so that Postgres plans it once per connection. */
export interface Statement {
  readonly name: string;
  readonly text: string;
}

/** SQL by hand, on the pool that TypeORM opened. Rows come back as they are, whatever the statement begins with. */
@Injectable()
export class Database implements OnApplicationShutdown {
  /** The pool itself, for libraries that bring their own SQL. */
  readonly pool: pg.Pool;
  /** A connection apart: what must be heard within a second does not queue behind the traffic. */
  private readonly watch: pg.Pool;

  constructor(
    dataSource: DataSource,
    private readonly prepared: boolean,
    url: string,
  ) {
    this.pool = (dataSource.driver as PostgresDriver).master as pg.Pool;
    this.watch = new pg.Pool({
      connectionString: url,
      max: 1,
      application_name: 'toolgate-watch',
      connectionTimeoutMillis: 2000,
      query_timeout: 2000,
    });
    // An idle connection that breaks is replaced at the next query; unheard, the event would end the process.
    this.watch.on('error', () => undefined);
  }

  async query<Row extends pg.QueryResultRow>(
    statement: Statement,
    values: readonly unknown[],
  ): Promise<Row[]> {
    const { name, text } = statement;
    const result = await this.pool.query<Row>({
      ...(this.prepared ? { name } : {}),
      text,
      // A Date as text by itself: pg would write it in local time, piece by piece.
      values: values.map((value) => (value instanceof Date ? value.toISOString() : value)),
    });
    return result.rows;
  }

  /** Several statements that hold together, where one must see what another waited for. */
  async transaction<Result>(
    work: (
      query: <Row extends pg.QueryResultRow>(
        statement: Statement,
        values: readonly unknown[],
      ) => Promise<Row[]>,
    ) => Promise<Result>,
  ): Promise<Result> {
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
    statement: Statement,
    values: readonly unknown[],
  ): Promise<Row[]> {
    return (await this.watch.query<Row>(statement.text, [...values])).rows;
  }

  async onApplicationShutdown(): Promise<void> {
    await this.watch.end();
  }
}
