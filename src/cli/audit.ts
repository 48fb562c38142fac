import { parseArgs } from 'node:util';
import type { AuditRecord } from '../ops/audit/audit-event.js';
import { type AuditFilter, AuditRepository } from '../ops/audit/audit.repository.js';
import { AuditQuery } from '../ops/audit/audit.schemas.js';
import { withDatabase } from './with-database.js';

const MOST = 100_000;

function line(record: AuditRecord): string {
  const { at, event, outcome, reason, principal, operation_kind: kind, operation } = record;
  const who = record.user_id ?? record.client_id ?? '-';
  const through = record.key_id ?? record.actor ?? record.client_id ?? '-';
  // A name that a caller made up may hold anything; as JSON it cannot draw on the terminal.
  const what = operation === null ? '-' : `${kind ?? ''} ${JSON.stringify(operation).slice(1, -1)}`;
  return [
    at.toISOString(),
    event,
    what,
    outcome,
    reason ?? '-',
    `${principal ?? '-'} ${who}`,
    `through ${through}`,
    ...(record.resource === null ? [] : [`at ${JSON.stringify(record.resource).slice(1, -1)}`]),
    record.address ?? '-',
    record.request_id,
    ...(record.arguments === null ? [] : [JSON.stringify(record.arguments)]),
  ].join('  ');
}

/** The same filters, by the same rules, as GET /admin/audit. */
function filterOf(args: string[]): AuditFilter | undefined {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    args,
    options: {
      tail: { ...text, default: '20' },
      event: text,
      user: text,
      client: text,
      key: text,
      resource: text,
      tool: text,
      outcome: text,
      since: text,
      until: text,
    },
  });
  const { tail, ...filters } = values;
  const limit = /^\d{1,6}$/.test(tail) ? Number(tail) : 0;
  const query = AuditQuery.omit({ limit: true, cursor: true }).safeParse(filters);
  if (limit < 1 || limit > MOST || !query.success) return undefined;
  const { user, client, key, tool, ...rest } = query.data;
  return { ...rest, userId: user, clientId: client, keyId: key, operation: tool, limit };
}

/** `toolgate audit [--tail N] [filters]`: the last N records, the newest at the end. */
export async function audit(args: string[], usage: string): Promise<void> {
  const filter = filterOf(args);
  if (!filter) {
    console.error(usage);
    process.exitCode = 2;
    return;
  }
  await withDatabase(async (database) => {
    const records = await new AuditRepository(database).list(filter);
    for (const record of records.reverse()) console.log(line(record));
  });
}
