import { Injectable } from '@nestjs/common';
import type { Principal } from '../../access/principal.js';
import { OAuthError, PageError } from '../../errors/oauth-error.js';
import { ToolgateError } from '../../errors/toolgate-error.js';
import type { AuditedEvent } from './audit-event.js';
import { auditNoteOf } from './audit-note.js';
import { AuditTrail } from './audit-trail.js';

/** What a record says of a request. */
export interface AuditedRequest {
  readonly id: string;
  readonly ip: string;
  readonly params?: unknown;
  readonly principal?: Principal;
}

/** Nothing begins that could not be recorded; what was done or refused is recorded then. */
@Injectable()
export class AuditedWork {
  constructor(private readonly audit: AuditTrail) {}

  /** @throws ToolgateError `unavailable`, and what `work` throws. */
  async run<Result>(
    event: AuditedEvent,
    request: AuditedRequest,
    work: () => Promise<Result>,
  ): Promise<Result> {
    this.audit.requireRoom();
    const result = await work().catch((error: unknown) => {
      this.note(event, request, error);
      throw error;
    });
    this.note(event, request);
    return result;
  }

  private note(event: AuditedEvent, request: AuditedRequest, thrown?: unknown): void {
    const { subject, object, denied, nothing = false } = auditNoteOf(request);
    const refusal = thrown === undefined ? denied : refusalOf(thrown);
    const failed = thrown !== undefined && refusal === undefined;
    if (nothing || failed || (refusal !== undefined && !isRemarkable(refusal, request.principal))) return;
    const named = object ?? Object.values((request.params ?? {}) as Record<string, string>)[0];
    this.audit.note({
      event,
      outcome: refusal === undefined ? 'allowed' : 'denied',
      reason: refusal,
      principal: request.principal,
      subject: (thrown instanceof ToolgateError ? thrown.options.about : undefined) ?? subject,
      operation: named === undefined ? undefined : { kind: event.split('.')[0] ?? event, name: named },
      requestId: request.id,
      address: request.ip,
    });
  }
}

/** Refusals of strangers that are counted by address before they are made: of others, anybody could fill the table. */
const OF_STRANGERS: readonly string[] = [
  'invalid_login',
  'email_taken',
  'access_denied',
  'address_taken',
  'no_address',
  'account_disabled',
];
/** Malformed, or no attempt at anything that exists. */
const UNREMARKABLE: readonly string[] = ['invalid_input', 'invalid_scope', 'malformed_request', 'not_found'];

const isRemarkable = (refusal: string, principal: Principal | undefined): boolean =>
  principal ? !UNREMARKABLE.includes(refusal) : OF_STRANGERS.includes(refusal);

/** Undefined for what failed on our side: it was neither done nor refused. */
function refusalOf(thrown: unknown): string | undefined {
  if (thrown instanceof OAuthError) return thrown.status < 500 ? thrown.error : undefined;
  if (thrown instanceof PageError) return thrown.status < 500 ? thrown.code : undefined;
  return thrown instanceof ToolgateError && thrown.status < 500 ? thrown.code : undefined;
}
