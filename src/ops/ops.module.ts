import { Module } from '@nestjs/common';
import { ApiDocument, DocsController } from './docs.controller.js';
import { ErrorDocsController } from './error-docs.controller.js';
import { HealthController } from './health.controller.js';
import { RateLimits } from './rate-limits.js';

/**
 * Owns what runs beside the service's own business: health, logs, rate limits, the API's description.
 * Does not own any decision about who may do what.
 */
@Module({
  controllers: [DocsController, ErrorDocsController, HealthController],
  providers: [ApiDocument, RateLimits],
  exports: [ApiDocument, RateLimits],
})
export class OpsModule {}
