import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { getDataSourceToken } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { DATA_SOURCE } from '../../src/database/data-source-name.js';
import { dataSourceOptions } from '../../src/database/data-source.js';
import { startTestService, type TestService } from '../support/harness.js';
import { createDatabase } from '../support/postgres.js';

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.stop());

test('the entities and the migrations agree', async () => {
  const differences = await service.app
    .get<DataSource>(getDataSourceToken(DATA_SOURCE))
    .driver.createSchemaBuilder()
    .log();
  expect(differences.upQueries.map(({ query }) => query)).toEqual([]);
});

test('the migrations go down and up again', async () => {
  const dataSource = await new DataSource(dataSourceOptions(await createDatabase(), 2)).initialize();
  const all = dataSource.migrations.length;
  for (let n = 0; n < all; n += 1) await dataSource.undoLastMigration();
  const left = await dataSource.query<unknown[]>(
    `SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'migrations'`,
  );
  expect(left).toEqual([]);
  expect(await dataSource.runMigrations()).toHaveLength(all);
  await dataSource.destroy();
});
