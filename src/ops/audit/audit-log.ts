import type { Logger } from 'pino';
import { uuidv7 } from '../../crypto/uuid.js';
import { ToolgateError } from '../../errors/toolgate-error.js';
import { createLogger, type LineOutput, lineOutput } from '../logging.js';
import { type AuditEvent, auditRecord } from './audit-event.js';

/** Audit records where there is no table for them: a line of the log for each, of the same shape, whatever LOG_LEVEL says. */
export class AuditLog {
  private readonly logger: Logger;
  private isLost = false;

  constructor(output: LineOutput = lineOutput()) {
    this.logger = createLogger('info', output);
    const lost = () => {
      this.isLost = true;
    };
    output.on?.('drop', lost);
    output.on?.('error', lost);
    output.on?.('write', () => {
      this.isLost = false;
    });
  }

  /** @throws ToolgateError `unavailable` when nobody takes what is written: what cannot be recorded must not happen. */
  record(event: AuditEvent): void {
    this.logger.info({ audit: auditRecord(event, uuidv7(), new Date()) });
    if (this.isLost)
      throw new ToolgateError('unavailable', {
        reason: 'audit records cannot be written to standard output',
        headers: { 'Retry-After': '5' },
      });
  }
}
