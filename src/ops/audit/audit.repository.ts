import { Injectable } from '@nestjs/common';
import { Database, type Statement } from '../../database/database.js';
import type { AuditRecord } from './audit-event.js';

/** Which records to read; undefined means any. */
export interface AuditFilter {
  readonly userId?: string | undefined;
  /** One event, or all of a kind: the word before the dot. */
  readonly event?: string | undefined;
  readonly clientId?: string | undefined;
  readonly keyId?: string | undefined;
  readonly resource?: string | undefined;
  readonly operation?: string | undefined;
  readonly outcome?: string | undefined;
  readonly since?: Date | undefined;
  readonly until?: Date | undefined;
  /** The last record of the page before. */
  readonly before?: { readonly at: Date; readonly id: string } | undefined;
  readonly limit: number;
}

const COLUMNS = `id, at, event, outcome, reason, principal, user_id, client_id, key_id, session_id, actor,
  operation_kind, operation, resource, request_id, address, arguments`;

// A batch that is written again, because nobody knows whether the first try was, is written once.
const INSERT: Statement = {
  name: 'audit-insert',
  text: `INSERT INTO audit_events (${COLUMNS})
         SELECT ${COLUMNS} FROM json_to_recordset($1::json) AS r (id uuid, at timestamptz, event text, outcome text,
           reason text, principal text, user_id uuid, client_id text, key_id uuid, session_id uuid, actor text,
           operation_kind text, operation text, resource text, request_id text, address text, arguments text)
         ON CONFLICT DO NOTHING`,
};
const newest = (conditions: readonly string[]) =>
  `SELECT ${COLUMNS} FROM audit_events ${conditions.length > 0 ? `WHERE ${conditions.join(' AND ')}` : ''}
   ORDER BY at DESC, id DESC LIMIT $1`;

@Injectable()
export class AuditRepository {
  constructor(private readonly database: Database) {}

  async insert(records: readonly AuditRecord[]): Promise<void> {
    await this.database.queryApart('audit', INSERT, [JSON.stringify(records)]);
  }

  /** The newest first. */
  async list(filter: AuditFilter): Promise<AuditRecord[]> {
    const { userId, event, clientId, keyId, resource, operation, outcome, since, until, before, limit } =
      filter;
    const values: unknown[] = [limit];
    const conditions: string[] = [];
    const where = (condition: (...places: string[]) => string, ...given: unknown[]) => {
      if (given.includes(undefined)) return;
      const places = given.map((value) => `$${values.push(value)}`);
      conditions.push(condition(...places));
    };
    where((id) => `user_id = ${id}`, userId);
    where((name) => `(event = ${name} OR split_part(event, '.', 1) = ${name})`, event);
    where((id) => `client_id = ${id}`, clientId);
    where((id) => `key_id = ${id}`, keyId);
    where((uri) => `resource = ${uri}`, resource);
    where((name) => `operation = ${name}`, operation);
    // As a constant, so that the index of the denied alone can be used.
    if (outcome === 'denied') conditions.push(`outcome = 'denied'`);
    if (outcome === 'allowed') conditions.push(`outcome = 'allowed'`);
    where((at) => `at >= ${at}`, since);
    where((at) => `at < ${at}`, until);
    where((at, id) => `(at, id) < (${at}, ${id})`, before?.at, before?.id);
    // Unnamed: one of many texts. The pool's query takes the values beside it.
    const { rows } = await this.database.pool.query<AuditRecord>(newest(conditions), values);
    return rows;
  }
}
