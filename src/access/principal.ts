import { ToolgateError } from '../errors/toolgate-error.js';
import type { Scope } from './scopes.js';

interface Common {
  /** What the caller may do, already cut to what its owner may do. */
  readonly scopes: readonly Scope[];
  /** The one resource (RFC 8707) these scopes are for: its canonical URI, the token's `aud`. */
  readonly resource: string;
}

/** A person, through a login or a grant. `sessionId` is what revocation hangs on. */
export interface UserPrincipal extends Common {
  readonly kind: 'user';
  readonly userId: string;
  readonly sessionId: string;
  readonly clientId: string;
  /** The client that acts for the person by token exchange (RFC 8693 section 4.1). */
  readonly actor?: string;
}

/** An agent with an API key. It acts for the user who owns the key. */
export interface ApiKeyPrincipal extends Common {
  readonly kind: 'api_key';
  readonly userId: string;
  readonly keyId: string;
}

/** An OAuth client that acts for itself (RFC 6749 section 4.4). There is no person behind it. */
export interface ClientPrincipal extends Common {
  readonly kind: 'client';
  readonly clientId: string;
  readonly sessionId: string;
}

/** Who holds an access token. */
export type TokenPrincipal = UserPrincipal | ClientPrincipal;

/** Who is calling, whatever the credential was: one of a closed set, told apart by `kind`. */
export type Principal = TokenPrincipal | ApiKeyPrincipal;

/**
 * The person behind a principal.
 *
 * @throws ToolgateError `not_allowed` for a client that acts for itself.
 */
export function personOf(principal: Principal): string {
  if (principal.kind !== 'client') return principal.userId;
  throw new ToolgateError('not_allowed', {
    detail:
      'This belongs to a person, and the client acts for itself. Use a token of a person, or an API key.',
  });
}

/** Whose calls are counted together: a person's, whichever key or client makes them, so that more keys are not more calls. */
export const callerOf = (principal: Principal): string =>
  principal.kind === 'client' ? `client ${principal.clientId}` : `user ${principal.userId}`;

/**
 * Who this is, without regard to the token: the subject, and the client or the key. What is kept for later use belongs to
 * this, so that a refreshed token of the same grant still fits, and nobody else's does.
 */
export function ownerOf(principal: Principal): string {
  switch (principal.kind) {
    case 'user':
      return JSON.stringify(['user', principal.userId, principal.clientId, principal.actor ?? null]);
    case 'api_key':
      return JSON.stringify(['api_key', principal.userId, principal.keyId]);
    case 'client':
      return JSON.stringify(['client', principal.clientId]);
  }
}
