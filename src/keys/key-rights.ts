import { personOf, type Principal } from '../access/principal.js';
import type { ScopeRules } from '../access/scope-rules.js';
import { LADDER_SCOPES, type Scope, SERVICE_SCOPES } from '../access/scopes.js';
import { ToolgateError } from '../errors/toolgate-error.js';
import type { Resource } from '../resources/resource.js';

/** The application around the service, in a person's name: as a login of theirs would be, with all that they may do. */
export interface ApplicationForPerson {
  readonly kind: 'application';
  readonly userId: string;
  readonly resource: string;
  readonly scopes: readonly Scope[];
}

/** Who makes, lists, revokes and rotates keys. */
export type KeyCaller = Principal | ApplicationForPerson;

/** Whose the keys are. @throws ToolgateError `not_allowed` for a client that acts for itself. */
export const keyOwnerOf = (caller: KeyCaller): string =>
  caller.kind === 'application' ? caller.userId : personOf(caller);

/**
 * A person's own login, with `keys:write`, makes keys for every resource: its scopes are the person's. A key, or a token
 * in another client's hands, holds nothing elsewhere, and so has nothing to pass on there.
 *
 * @throws ToolgateError `not_allowed`
 */
export function requireMayMakeFor(caller: KeyCaller, resource: string): void {
  const ownLogin = caller.kind === 'user' && caller.actor === undefined;
  if (caller.resource === resource || ownLogin || caller.kind === 'application') return;
  throw new ToolgateError('not_allowed', {
    detail: 'A key for another resource is made, and rotated, by a person who is logged in, not by a key.',
  });
}

/**
 * What a new key holds: of what its resource offers, no more than the credential that makes it. What rules the service is
 * offered by the built-in resource alone, where the credential must hold it by name.
 *
 * @throws ToolgateError `invalid_scope`, `insufficient_scope`
 */
export function scopesFor(
  caller: KeyCaller,
  resource: Resource,
  asked: readonly Scope[] | undefined,
  rules: ScopeRules,
): Scope[] {
  const own = resource.scopes.map(({ name }) => name);
  const atHome = caller.resource === resource.identifier ? rules.known : [];
  const offered = new Set([...own, ...rules.above(own), ...LADDER_SCOPES, ...atHome]);
  if (asked === undefined)
    return caller.scopes.filter((scope) => offered.has(scope) && !SERVICE_SCOPES.includes(scope));
  const unknown = asked.filter((scope) => !offered.has(scope));
  if (unknown.length > 0)
    throw new ToolgateError('invalid_scope', {
      detail: `Not offered by ${resource.identifier}: ${unknown.map((scope) => JSON.stringify(scope)).join(', ')}. It offers: ${[...offered].join(' ')}.`,
    });
  if (rules.missing(caller.scopes, asked).length > 0) {
    throw new ToolgateError('insufficient_scope', {
      detail: 'A key cannot hold more than the credential that makes it.',
      scopes: [...new Set(['keys:write', ...asked])],
    });
  }
  return [...new Set(asked)];
}
