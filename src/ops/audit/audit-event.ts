import type { Principal } from '../../access/principal.js';
import { scrub, SENSITIVE } from '../logging.js';

/** What happened, as the place knows it where it was decided. */
export interface AuditEvent {
  readonly event: 'mcp.call' | 'login' | 'refresh';
  readonly outcome: 'allowed' | 'denied';
  /** Why not: an error code, perhaps with the name of what denied it. */
  readonly reason?: string | undefined;
  readonly principal?: Principal | undefined;
  /** The person, where there is no principal yet. */
  readonly userId?: string | undefined;
  readonly operation?: { readonly kind: string; readonly name: string } | undefined;
  readonly requestId: string;
  readonly address: string;
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
  readonly request_id: string;
  readonly address: string | null;
  readonly arguments: string | null;
}

const LONGEST_TEXT = 500;
const LONGEST_ARGUMENTS = 2000;

/** A caller's words as Postgres takes them, cut to length and with nothing in them that has the shape of a credential. */
function stored(text: string, longest = LONGEST_TEXT): string {
  return scrub(text)
    .slice(0, longest)
    .replace(/\0|\p{Surrogate}/gu, '\ufffd');
}

/** Fields that are named like a secret are left out, however deep they are. */
function storedArguments(value: unknown): string {
  const text = JSON.stringify(value, (name, inner: unknown) =>
    SENSITIVE.includes(name.toLowerCase()) ? '[redacted]' : inner,
  );
  return stored(text, LONGEST_ARGUMENTS);
}

function who(principal: Principal | undefined) {
  const common = { principal: principal?.kind ?? null, actor: null, key_id: null, session_id: null };
  switch (principal?.kind) {
    case undefined:
      return { ...common, user_id: null, client_id: null };
    case 'api_key':
      return { ...common, user_id: principal.userId, client_id: null, key_id: principal.keyId };
    case 'client':
      return { ...common, user_id: null, client_id: principal.clientId, session_id: principal.sessionId };
    case 'user':
      return {
        ...common,
        user_id: principal.userId,
        client_id: principal.clientId,
        session_id: principal.sessionId,
        actor: principal.actor ?? null,
      };
  }
}

export function auditRecord(event: AuditEvent, id: string, at: Date): AuditRecord {
  const ids = who(event.principal);
  return {
    id,
    at,
    event: event.event,
    outcome: event.outcome,
    reason: event.reason === undefined ? null : stored(event.reason),
    ...ids,
    user_id: ids.user_id ?? event.userId ?? null,
    operation_kind: event.operation?.kind ?? null,
    operation: event.operation ? stored(event.operation.name) : null,
    request_id: stored(event.requestId),
    address: stored(event.address),
    arguments: event.arguments === undefined ? null : storedArguments(event.arguments),
  };
}
