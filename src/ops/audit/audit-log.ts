import type { Logger } from 'pino';
import { v7 as uuidv7 } from 'uuid';
import { type AuditEvent, auditRecord } from './audit-event.js';

/** Audit records where there is no table for them: a line of the log for each, of the same shape, whatever LOG_LEVEL says. */
export class AuditLog {
  /** `logger` must write what is `info`. */
  constructor(private readonly logger: Logger) {}

  record(event: AuditEvent): void {
    this.logger.info({ audit: auditRecord(event, uuidv7(), new Date()) });
  }
}
