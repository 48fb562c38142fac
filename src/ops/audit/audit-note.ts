import type { AuditSubject } from './audit-event.js';

/** What only the handler knows of what it does. */
export interface AuditNote {
  readonly subject?: AuditSubject | undefined;
  /** Which key, client or grant, where the path does not name it. */
  readonly object?: string;
  /** The handler answers a refusal by itself instead of throwing it. */
  readonly denied?: string;
  /** It came to nothing that is worth a record: a form was shown again. */
  readonly nothing?: boolean;
}

const notes = new WeakMap<object, AuditNote>();

export function noteForAudit(request: object, note: AuditNote): void {
  notes.set(request, { ...notes.get(request), ...note });
}

export const auditNoteOf = (request: object): AuditNote => notes.get(request) ?? {};
