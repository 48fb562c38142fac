import { uuidv7 } from '../crypto/uuid.js';
import type { Database } from '../database/database.js';
import { AuditPartitions } from '../ops/audit/audit-partitions.js';
import { AuditRepository } from '../ops/audit/audit.repository.js';
import { AuditWriter } from '../ops/audit/audit-writer.js';
import { type AuditedEvent, auditRecord, type AuditSubject } from '../ops/audit/audit-event.js';

/** What was done at the command line, in the same trail as what came over the wire. */
export async function recordByOperator(
  database: Database,
  event: AuditedEvent,
  subject: AuditSubject,
): Promise<void> {
  const writer = new AuditWriter(new AuditRepository(database), new AuditPartitions(database));
  const done = { event, subject, outcome: 'allowed', requestId: 'command-line', address: null } as const;
  await writer.write([auditRecord(done, uuidv7(), new Date())]);
}
