import { DataSource } from 'typeorm';
import { type Config, loadConfig } from '../config/config.js';
import { environment } from '../config/environment.js';
import { dataSourceOptions } from '../database/data-source.js';
import { Database } from '../database/database.js';
import { openDatabase } from '../service.js';

/** Opens the configured database for one piece of work and lets go of it afterwards. */
export async function withDatabase(
  work: (database: Database, config: Config) => Promise<void>,
): Promise<void> {
  const config = loadConfig(environment());
  const opened = await openDatabase(config, () => undefined);
  try {
    const dataSource = await new DataSource(dataSourceOptions(opened.url, 2)).initialize();
    const database = new Database(dataSource, false, opened.url);
    try {
      await work(database, config);
    } finally {
      await database.onApplicationShutdown();
      await dataSource.destroy();
    }
  } finally {
    await opened.close();
  }
}
