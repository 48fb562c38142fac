import type { Principal } from '../access/principal.js';
import type { AuditEvent } from '../ops/audit/audit-event.js';
import type { Resource } from '../resources/resource.js';

/**
 * The record of somebody known who lacks a scope at a server that we only answer questions about. Of strangers there is
 * none, as anywhere: anybody could fill the table.
 */
export const refusedAt = (
  { identifier }: Resource,
  principal: Principal,
  from: Pick<AuditEvent, 'requestId' | 'address'>,
): AuditEvent => ({
  event: 'resource.refused',
  outcome: 'denied',
  reason: 'insufficient_scope',
  principal,
  operation: { kind: 'resource', name: identifier },
  ...from,
});
