import type { Logger } from 'pino';
import { uuidv7 } from '../../crypto/uuid.js';
import { type AuditEvent, auditRecord } from './audit-event.js';

/** Audit records where there is no table for them: a line of the log for each, of the same shape, whatever LOG_LEVEL says. */
export class AuditLog {
  /** `logger` must write what is `info`. */
  constructor(private readonly logger: Logger) {}

  record(event: AuditEvent): void {
    this.logger.info({ audit: auditRecord(event, uuidv7(), new Date()) });
  }
}
