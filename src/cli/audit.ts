import { parseArgs } from 'node:util';
import type { AuditRecord } from '../ops/audit/audit-event.js';
import { AuditRepository } from '../ops/audit/audit.repository.js';
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
    record.address ?? '-',
    record.request_id,
    ...(record.arguments === null ? [] : [JSON.stringify(record.arguments)]),
  ].join('  ');
}

/** `toolgate audit [--tail N]`: the last N records, the newest at the end. */
export async function audit(args: string[], usage: string): Promise<void> {
  const { values } = parseArgs({ args, options: { tail: { type: 'string', default: '20' } } });
  const limit = Number(values.tail);
  if (!/^\d{1,6}$/.test(values.tail) || limit < 1 || limit > MOST) {
    console.error(usage);
    process.exitCode = 2;
    return;
  }
  await withDatabase(async (database) => {
    const records = await new AuditRepository(database).list({ limit });
    for (const record of records.reverse()) console.log(line(record));
  });
}
