import type { Principal } from '../../access/principal.js';
import type { AuditEvent } from '../../ops/audit/audit-event.js';
import type { CallLimit } from '../../ops/call-limits.js';

/** Where the calls through a guard are recorded and counted: with the service, or in its own process alone. */
export interface CallKeeping {
  /** @throws ToolgateError `unavailable`: a call that cannot be recorded is not made */
  record(event: AuditEvent): void;

  /** @throws ToolgateError `rate_limited`, `unavailable` */
  take(limit: CallLimit, subject: string): Promise<void> | void;

  /** All calls of one caller in a minute; 0 for no limit. */
  readonly callsPerMinute: number;

  /** Whether what changes something may be called then (WRITE_HOURS). */
  mayWriteAt(at: Date): boolean;

  /** Whether records hold the arguments of calls. */
  readonly withArguments: boolean;
}

/** Who called, as far as the request tells and the credential does not. */
export interface CallOrigin {
  readonly principal: Principal;
  readonly requestId: string;
  readonly address: string;
}
