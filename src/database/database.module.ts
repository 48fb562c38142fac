import { type DynamicModule, Global, Module } from '@nestjs/common';
import { getDataSourceToken, TypeOrmModule } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.token.js';
import { Database } from './database.js';
import { dataSourceOptions } from './data-source.js';
import { DATA_SOURCE } from './data-source-name.js';

/**
 * Owns the connection to Postgres, embedded or given, and the running of migrations.
 * Does not own any table: entities and SQL live with the module whose they are.
 */
@Global()
@Module({})
export class DatabaseModule {
  static at(url: string): DynamicModule {
    return {
      module: DatabaseModule,
      imports: [
        TypeOrmModule.forRootAsync({
          name: DATA_SOURCE,
          inject: [CONFIG],
          useFactory: (config: Config) => ({
            ...dataSourceOptions(url, config.DATABASE_POOL_SIZE),
            autoLoadEntities: true,
            retryAttempts: 1,
          }),
        }),
      ],
      providers: [
        {
          provide: Database,
          inject: [getDataSourceToken(DATA_SOURCE), CONFIG],
          useFactory: (dataSource: DataSource, config: Config) =>
            new Database(dataSource, config.DATABASE_PREPARED_STATEMENTS, url),
        },
      ],
      exports: [Database],
    };
  }
}
