import { SetMetadata } from '@nestjs/common';
import type { Principal } from '../../access/principal.js';
import type { OperationKind } from '../operation.js';

export const POLICY = 'toolgate:policy';

/** A call whose caller holds every scope it needs. */
export interface PolicyCall {
  readonly principal: Principal;
  readonly operation: { readonly kind: OperationKind; readonly name: string; readonly readOnly: boolean };
  /** As they came, before the tool's own schema. */
  readonly arguments: unknown;
  readonly at: Date;
}

export type PolicyDecision = { readonly allow: true } | { readonly allow: false; readonly reason: string };

/**
 * A rule beyond scopes. Every policy must allow a call. The reason of a denial is shown to the caller. One that throws,
 * or takes longer than POLICY_TIMEOUT_MS, denies.
 */
export interface Policy {
  decide(call: PolicyCall): PolicyDecision | Promise<PolicyDecision>;
}

/** Makes a provider a policy: it is asked about every call, under this name in the audit trail. */
export const CallPolicy = (name: string) => SetMetadata(POLICY, name);
