import { Injectable } from '@nestjs/common';
import type { Config } from '../config/config.js';
import { InjectConfig } from '../config/config.token.js';
import { Database, type Statement } from '../database/database.js';
import { RecentlyRead } from '../database/recently-read.js';
import type { Resource } from './resource.js';

const COLUMNS = `identifier, name, scopes, default_scopes AS "defaultScopes", tools`;
const FIND: Statement = {
  name: 'resource-find',
  text: `SELECT ${COLUMNS} FROM resources WHERE identifier = $1`,
};
const ALL: Statement = {
  name: 'resource-list',
  text: `SELECT ${COLUMNS} FROM resources ORDER BY created_at, identifier`,
};
const SAVE: Statement = {
  name: 'resource-save',
  text: `INSERT INTO resources (identifier, name, scopes, default_scopes, tools, created_at)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (identifier) DO UPDATE
         SET name = excluded.name, scopes = excluded.scopes, default_scopes = excluded.default_scopes, tools = excluded.tools`,
};
// What was granted at it ends with it, in statements of their own, so that they see what the first waited for.
const REMOVE: Statement = {
  name: 'resource-remove',
  text: `
    WITH removed AS (
      DELETE FROM resources WHERE identifier = $1 RETURNING identifier
    ), noted AS (
      INSERT INTO removals (name) SELECT 'resource ' || identifier FROM removed
      ON CONFLICT (name) DO UPDATE SET removed_at = clock_timestamp()
    )
    SELECT identifier FROM removed`,
};
const END_GRANTS: Statement = {
  name: 'resource-end-grants',
  text: `UPDATE grants SET revoked_at = $2 WHERE resource = $1 AND revoked_at IS NULL`,
};
const END_SESSIONS: Statement = {
  name: 'resource-end-sessions',
  text: `UPDATE sessions SET revoked_at = $2, revoked_reason = 'resource_removed' WHERE resource = $1 AND revoked_at IS NULL`,
};

const END_KEYS: Statement = {
  name: 'resource-end-keys',
  text: `UPDATE api_keys SET revoked_at = $2 WHERE resource = $1 AND revoked_at IS NULL`,
};

const MOST_RECENT = 1000;

@Injectable()
export class ResourcesRepository {
  private readonly recent: RecentlyRead<Resource>;

  constructor(
    private readonly database: Database,
    @InjectConfig() config: Config,
  ) {
    this.recent = new RecentlyRead(
      (identifier) => this.find(identifier),
      config.REVOCATION_POLL_MS,
      MOST_RECENT,
    );
  }

  /** Like {@link find}, as it was at most REVOCATION_POLL_MS ago. */
  async findRecent(identifier: string): Promise<Resource | undefined> {
    return this.recent.get(identifier);
  }

  /** By its canonical identifier. */
  async find(identifier: string): Promise<Resource | undefined> {
    return (await this.database.query<Resource & Record<string, unknown>>(FIND, [identifier]))[0];
  }

  async all(): Promise<Resource[]> {
    return this.database.query<Resource & Record<string, unknown>>(ALL, []);
  }

  async save(resource: Resource, now: Date): Promise<void> {
    const { identifier, name, scopes, defaultScopes, tools } = resource;
    await this.database.query(SAVE, [
      identifier,
      name,
      JSON.stringify(scopes),
      defaultScopes,
      JSON.stringify(tools),
      now,
    ]);
    this.recent.forget(identifier);
  }

  /** False when there was none. */
  async remove(identifier: string, now: Date): Promise<boolean> {
    const removed = await this.database.transaction(async (query) => {
      const gone = (await query(REMOVE, [identifier])).length === 1;
      if (gone) for (const end of [END_GRANTS, END_SESSIONS, END_KEYS]) await query(end, [identifier, now]);
      return gone;
    });
    this.recent.forget(identifier);
    return removed;
  }
}
