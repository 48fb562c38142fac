import { Module } from '@nestjs/common';
import { AuditController } from './audit/audit.controller.js';
import { AuditRepository } from './audit/audit.repository.js';
import { AuditPartitions } from './audit/audit-partitions.js';
import { AuditReaper } from './audit/audit-reaper.js';
import { AuditTrail } from './audit/audit-trail.js';
import { AuditedWork } from './audit/audited-work.js';
import { AuditWriter } from './audit/audit-writer.js';
import { CallLimits } from './call-limits.js';
import { Counts } from './counts.js';
import { ApiDocument, DocsController } from './docs.controller.js';
import { ErrorDocsController } from './error-docs.controller.js';
import { HealthController } from './health.controller.js';
import { RateLimits } from './rate-limits.js';

/**
 * Owns what runs beside the service's own business: health, logs, rate limits, the audit trail, the API's
 * description.
 * Does not own any decision about who may do what.
 */
@Module({
  controllers: [AuditController, DocsController, ErrorDocsController, HealthController],
  providers: [
    ApiDocument,
    AuditPartitions,
    AuditReaper,
    AuditRepository,
    AuditTrail,
    AuditWriter,
    AuditedWork,
    CallLimits,
    Counts,
    RateLimits,
  ],
  exports: [ApiDocument, AuditTrail, AuditedWork, CallLimits, RateLimits],
})
export class OpsModule {}
