import type { DataSourceOptions } from 'typeorm';
import { Initial1764000000000 } from '../../migrations/1764000000000-initial.js';
import { Oauth1764500000000 } from '../../migrations/1764500000000-oauth.js';
import { McpSessions1764700000000 } from '../../migrations/1764700000000-mcp-sessions.js';
import { Audit1765000000000 } from '../../migrations/1765000000000-audit.js';
import { Growth1765200000000 } from '../../migrations/1765200000000-growth.js';
import { LeanTokens1765400000000 } from '../../migrations/1765400000000-lean-tokens.js';
import { AuditResource1766100000000 } from '../../migrations/1766100000000-audit-resource.js';
import { TokensBySession1767200000000 } from '../../migrations/1767200000000-tokens-by-session.js';
import { OneTokenASession1767400000000 } from '../../migrations/1767400000000-one-token-a-session.js';

/** How TypeORM connects, for the application and for the migrations alike. */
export function dataSourceOptions(url: string, poolSize: number) {
  return {
    type: 'postgres',
    url,
    poolSize,
    applicationName: 'toolgate',
    connectTimeoutMS: 5000,
    // The schema is the migrations' business alone.
    synchronize: false,
    migrationsRun: false,
    installExtensions: false,
    migrations: [
      Initial1764000000000,
      Oauth1764500000000,
      McpSessions1764700000000,
      Audit1765000000000,
      Growth1765200000000,
      LeanTokens1765400000000,
      AuditResource1766100000000,
      TokensBySession1767200000000,
      OneTokenASession1767400000000,
    ],
    // An idle connection that breaks is replaced at the next query; unheard, the event would end the process.
    poolErrorHandler: () => undefined,
    extra: { query_timeout: 15_000, keepAlive: true },
  } satisfies DataSourceOptions;
}
