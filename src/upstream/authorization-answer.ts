import type { Endpoints } from './discovery.js';
import { tenantOf } from './id-token.js';
import { refused } from './upstream-error.js';

/** What the provider sent the browser back with (RFC 6749 section 4.1.2, RFC 9207). */
export interface AuthorizationAnswer {
  readonly state?: string | undefined;
  readonly code?: string | undefined;
  readonly iss?: string | undefined;
  readonly error?: string | undefined;
  readonly errorDescription?: string | undefined;
}

/** A parameter that stands twice counts as none: nobody can say which one was meant. */
export function readAnswer(query: Readonly<Record<string, unknown>>): AuthorizationAnswer {
  const one = (name: string) => {
    const value = query[name];
    return typeof value === 'string' && value !== '' && value.length <= 4096 ? value : undefined;
  };
  return {
    state: one('state'),
    code: one('code'),
    // Sent but unreadable is not the same as not sent.
    iss: query['iss'] === undefined ? undefined : (one('iss') ?? '?'),
    error: one('error'),
    errorDescription: one('error_description'),
  };
}

/**
 * RFC 9207 section 2.4, before the code goes anywhere: it may have been made by another server (mix-up). A provider without
 * discovery has no issuer to compare with; its own redirect URI and its own state keep it apart.
 *
 * @throws UpstreamError
 */
export function requireAnswerOf({ oidc }: Endpoints, { iss }: AuthorizationAnswer): void {
  if (!oidc) return;
  if (iss === undefined ? oidc.namesItself : tenantOf(oidc.issuer, iss) === undefined)
    throw refused(
      iss === undefined ? 'the answer lacks the iss it promised' : 'the answer is of another issuer',
    );
}
