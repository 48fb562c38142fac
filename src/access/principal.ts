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
}

/** An agent with an API key. It acts for the user who owns the key. */
export interface ApiKeyPrincipal extends Common {
  readonly kind: 'api_key';
  readonly userId: string;
  readonly keyId: string;
}

/** Who is calling, whatever the credential was: one of a closed set, told apart by `kind`. */
export type Principal = UserPrincipal | ApiKeyPrincipal;
