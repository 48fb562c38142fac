import type { ScopeRules } from '../../access/scope-rules.js';
import { IDENTITY_SCOPES, type Scope } from '../../access/scopes.js';
import { redirectKind } from '../clients/redirect-uri.js';
import type { AuthorizationRequest } from './authorization-request.js';

/** What was remembered of an earlier consent. */
export interface RememberedGrant {
  readonly scopes: readonly Scope[];
  readonly redirectUris: readonly string[];
}

export type NextStep = 'sign_in' | 'consent' | 'issue';

/** What of a request its person can give at all: what they hold, and what they are. */
export function givable(request: AuthorizationRequest, held: readonly Scope[], rules: ScopeRules): Scope[] {
  const all = rules.intersect(request.scopes, [...held, ...IDENTITY_SCOPES]);
  return all.filter((scope) => request.scopes.some((asked) => rules.covers(asked, scope)));
}

/** Must the person prove who they are, again perhaps? (OpenID Connect Core section 3.1.2.3) */
export function needsSignIn(
  { prompt, maxAge, createdAt }: AuthorizationRequest,
  signedInAt: Date | undefined,
  now: Date,
): boolean {
  if (!signedInAt) return true;
  const again = prompt.some((word) => word === 'login' || word === 'select_account' || word === 'create');
  if (again && signedInAt.getTime() < createdAt) return true;
  return (
    maxAge !== undefined &&
    now.getTime() - signedInAt.getTime() > maxAge * 1000 &&
    signedInAt.getTime() < createdAt
  );
}

/**
 * Must they be asked? A remembered consent goes only where nobody else can listen: any program may open a loopback port or
 * claim a scheme, so those are asked each time (RFC 8252 section 8.6, spec S8).
 */
export function needsConsent(
  { prompt, redirect }: AuthorizationRequest,
  scopes: readonly Scope[],
  grant: RememberedGrant | undefined,
  rules: ScopeRules,
): boolean {
  if (prompt.includes('consent') || redirectKind(redirect.uri) !== 'web' || !grant) return true;
  const remembered = scopes.every((scope) => grant.scopes.some((given) => rules.covers(given, scope)));
  return !remembered || !grant.redirectUris.includes(redirect.uri);
}
