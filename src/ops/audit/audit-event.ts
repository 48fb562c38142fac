import type { Principal } from '../../access/principal.js';
import type { ToolgateError } from '../../errors/toolgate-error.js';
import { scrub, SENSITIVE } from '../logging.js';

/** A call, or what changes who may do what. The word before the dot is the kind of thing that it happened to. */
export type AuditedEvent =
  | 'mcp.call'
  | 'account.registered'
  | 'account.signed_in'
  | 'account.signed_out'
  | 'account.linked'
  | 'account.taken_over'
  | 'account.disabled'
  | 'account.enabled'
  | 'account.scopes_set'
  | 'session.ended'
  | 'session.token_reused'
  | 'session.code_reused'
  | 'key.created'
  | 'key.rotated'
  | 'key.revoked'
  | 'grant.given'
  | 'grant.revoked'
  | 'client.created'
  | 'client.changed'
  | 'client.removed'
  | 'resource.refused'
  | 'resource.saved'
  | 'resource.removed'
  | 'signing_key.rotated';

/** Whom an event is about where no credential says it. */
export interface AuditSubject {
  readonly userId?: string | null | undefined;
  readonly clientId?: string | undefined;
  readonly sessionId?: string | undefined;
  readonly resource?: string | undefined;
}

/** What happened, as the place knows it where it was decided. */
export interface AuditEvent {
  readonly event: AuditedEvent;
  readonly outcome: 'allowed' | 'denied';
  /** Why not: an error code, perhaps with the name of what denied it. */
  readonly reason?: string | undefined;
  readonly principal?: Principal | undefined;
  readonly subject?: AuditSubject | undefined;
  /** The tool, or the thing that was changed: a key, a client, a grant. */
  readonly operation?: { readonly kind: string; readonly name: string } | undefined;
  readonly requestId: string;
  readonly address: string | null;
  readonly arguments?: unknown;
}

/** A row of `audit_events`. */
export interface AuditRecord {
  readonly id: string;
  readonly at: Date;
  readonly event: string;
  readonly outcome: 'allowed' | 'denied';
  readonly reason: string | null;
  readonly principal: Principal['kind'] | null;
  readonly user_id: string | null;
  readonly client_id: string | null;
  readonly key_id: string | null;
  readonly session_id: string | null;
  readonly actor: string | null;
  readonly operation_kind: string | null;
  readonly operation: string | null;
  /** What the credential was for: the server whose tool was called. */
  readonly resource: string | null;
  readonly request_id: string;
  readonly address: string | null;
  readonly arguments: string | null;
}

const NOBODY: Partial<Principal> = {};
const LONGEST_TEXT = 500;
const LONGEST_ARGUMENTS = 2000;

/**
 * A caller's words as Postgres takes them, cut to length and with nothing in them that has the shape of a credential.
 * As a string of its own: a slice would keep all of the text that it is cut from. Half a surrogate pair does not survive that.
 */
function stored(text: string, longest = LONGEST_TEXT): string {
  const cut = Buffer.from(scrub(text).slice(0, longest)).toString();
  return cut.replaceAll('\0', '\ufffd');
}

/** Fields that are named like a secret are left out, however deep they are. */
function storedArguments(value: unknown): string {
  const text = JSON.stringify(value, (name, inner: unknown) =>
    SENSITIVE.includes(name.toLowerCase()) ? '[redacted]' : inner,
  );
  return stored(text, LONGEST_ARGUMENTS);
}

/** The code, and where there is more than one of its kind, which one. */
export function reasonOf({ code, options }: ToolgateError): string {
  return code === 'policy_denied' || code === 'rate_limited' ? `${code}: ${options.reason ?? ''}` : code;
}

/** The members that any principal may have. */
type Who = Partial<Record<'userId' | 'clientId' | 'sessionId' | 'keyId' | 'actor', string>> &
  Partial<Pick<Principal, 'kind' | 'resource'>>;

/** What is known of the subject goes where the credential says nothing. */
export function auditRecord(event: AuditEvent, id: string, at: Date): AuditRecord {
  const { principal = NOBODY, subject } = event;
  const who: Who = principal;
  return {
    id,
    at,
    event: event.event,
    outcome: event.outcome,
    reason: event.reason === undefined ? null : stored(event.reason),
    principal: who.kind ?? null,
    user_id: who.userId ?? subject?.userId ?? null,
    client_id: who.clientId ?? subject?.clientId ?? null,
    key_id: who.keyId ?? null,
    session_id: who.sessionId ?? subject?.sessionId ?? null,
    actor: who.actor ?? null,
    resource: who.resource ?? subject?.resource ?? null,
    operation_kind: event.operation?.kind ?? null,
    operation: event.operation ? stored(event.operation.name) : null,
    request_id: stored(event.requestId),
    address: event.address === null ? null : stored(event.address),
    arguments: event.arguments === undefined ? null : storedArguments(event.arguments),
  };
}
