import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { DataSource } from 'typeorm';
import { dataSourceOptions } from '../../src/database/data-source.js';
import { migrate } from '../../src/database/migrate.js';
import { type DebianPostgres, startDebianPostgres } from '../support/debian-postgres.js';
import { testEverydayUse } from '../support/everyday-use.js';
import { startTestService, type TestService } from '../support/harness.js';

let postgres: DebianPostgres;
let service: TestService;
beforeAll(async () => {
  postgres = await startDebianPostgres();
  const databaseUrl = await postgres.createDatabase();
  await migrate(databaseUrl);
  service = await startTestService({ databaseUrl });
});
afterAll(async () => {
  await service.stop();
  await postgres.stop();
});

testEverydayUse(() => [service]);

test('the migrations leave nothing behind on the way down, and the same schema on the way up again', async () => {
  const url = await postgres.createDatabase();
  const ran = await migrate(url);
  const schema = await postgres.schemaOf(url);
  const dataSource = await new DataSource(dataSourceOptions(url, 2)).initialize();
  for (const _ of ran) await dataSource.undoLastMigration();
  await dataSource.destroy();
  const left = (await postgres.schemaOf(url)).match(/^CREATE .*/gm) ?? [];
  expect(left.filter((line) => !line.includes('migrations'))).toEqual([]);
  expect(await migrate(url)).toEqual(ran);
  expect(await postgres.schemaOf(url)).toBe(schema);
});
