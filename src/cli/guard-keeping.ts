import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Config } from '../config/config.js';
import { openHours } from '../config/write-hours.js';
import type { CallKeeping } from '../gateway/proxy/call-keeping.js';
import { AuditLog } from '../ops/audit/audit-log.js';
import { AuditTrail } from '../ops/audit/audit-trail.js';
import { CallLimits } from '../ops/call-limits.js';
import type { LineOutput } from '../ops/logging.js';
import { ProcessCallLimits } from '../ops/process-call-limits.js';

/** With the service in this process: its audit trail, and the count that its own endpoint and every replica share. */
export function serviceKeeping(app: NestFastifyApplication, config: Config): CallKeeping {
  return keeping(app.get(AuditTrail), app.get(CallLimits), config);
}

/** With the service elsewhere there is no database: records go to standard output, calls are counted by this process. */
export function localKeeping(config: Config, output?: LineOutput): CallKeeping {
  return keeping(new AuditLog(output), new ProcessCallLimits(), config);
}

function keeping(
  records: Pick<CallKeeping, 'record'>,
  limits: Pick<CallKeeping, 'take'>,
  { MCP_CALL_LIMIT, AUDIT_ARGUMENTS, WRITE_HOURS }: Config,
): CallKeeping {
  return {
    record: (event) => {
      records.record(event);
    },
    take: (limit, subject) => limits.take(limit, subject),
    callsPerMinute: MCP_CALL_LIMIT,
    mayWriteAt: openHours(WRITE_HOURS),
    withArguments: AUDIT_ARGUMENTS,
  };
}
