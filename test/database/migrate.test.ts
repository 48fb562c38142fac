import { expect, test } from '@jest/globals';
import pg from 'pg';
import { DataSource } from 'typeorm';
import { dataSourceOptions } from '../../src/database/data-source.js';
import { migrate } from '../../src/database/migrate.js';
import { createDatabase, queryOnce } from '../support/postgres.js';

const LOCK = 7_262_026;
const names = dataSourceOptions('', 1).migrations.map(({ name }) => name);

test('where all migrations are recorded nothing runs, and nobody is waited for', async () => {
  const url = await createDatabase();
  const other = new pg.Client({ connectionString: url });
  await other.connect();
  await other.query('SELECT pg_advisory_lock($1)', [LOCK]);
  expect(await migrate(url)).toEqual([]);
  await other.end();
});

test('a migration that is not recorded runs', async () => {
  const url = await createDatabase();
  const dataSource = await new DataSource(dataSourceOptions(url, 1)).initialize();
  await dataSource.undoLastMigration();
  await dataSource.destroy();
  expect(await migrate(url)).toEqual(names.slice(-1));
  expect(await migrate(url)).toEqual([]);
});

test('a version older than the schema does not start on it, and changes nothing', async () => {
  const url = await createDatabase();
  await queryOnce(
    url,
    `INSERT INTO migrations (timestamp, name) VALUES (9000000000000, 'Later9000000000000')`,
  );
  await expect(migrate(url)).rejects.toThrow(
    /migrated by a newer version.*Later9000000000000 is not known to version \d+\.\d+\.\d+/,
  );
  expect(await queryOnce(url, 'SELECT 1 FROM migrations')).toHaveLength(names.length + 1);
});

test('a table of that name that another application has on the search path is not asked', async () => {
  const url = await createDatabase();
  const name = new URL(url).pathname.slice(1);
  await queryOnce(
    url,
    'CREATE SCHEMA theirs; CREATE SCHEMA ours; CREATE TABLE theirs.migrations (id int, batch int)',
  );
  await queryOnce(url, `ALTER DATABASE ${name} SET search_path = ours, theirs, public`);
  expect(await migrate(url)).toEqual(names);
  expect(await migrate(url)).toEqual([]);
});

test('records further along the search path are not those of the schema that is used', async () => {
  const url = await createDatabase();
  await queryOnce(url, 'CREATE SCHEMA apart');
  await queryOnce(url, `ALTER DATABASE ${new URL(url).pathname.slice(1)} SET search_path = apart, public`);
  expect(await migrate(url)).toEqual(names);
  expect(await migrate(url)).toEqual([]);
});
