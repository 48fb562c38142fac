import type { Principal } from '../access/principal.js';
import type { Credential } from '../access/credential.js';

/** What a strategy found out about a credential, and how long it may be believed. */
export interface Verified {
  readonly principal: Principal;
  /** Where an API key may be used from; empty means anywhere. */
  readonly allowedCidrs: readonly string[];
  readonly expiresAt: Date | undefined;
}

/** A request between the authentication guard and the strategies. */
export interface AuthenticatingRequest {
  credential?: Credential;
  verified?: Verified;
}
