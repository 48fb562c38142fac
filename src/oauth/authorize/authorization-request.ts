import type { Scope } from '../../access/scopes.js';
import type { MasterKey } from '../../crypto/master-key.js';
import type { ValidatedRedirect } from './authorization-response.js';

/** An authorization request that passed every check. It travels through sign-in and consent sealed, never stored. */
export interface AuthorizationRequest {
  /** One request, one code: the table of codes is unique in it. */
  readonly id: string;
  readonly clientId: string;
  readonly redirect: ValidatedRedirect;
  readonly resource: string;
  readonly scopes: readonly Scope[];
  readonly codeChallenge: string;
  readonly nonce?: string | undefined;
  readonly prompt: readonly string[];
  /** Seconds since the sign-in (OpenID Connect Core section 3.1.2.1). */
  readonly maxAge?: number | undefined;
  readonly loginHint?: string | undefined;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
}

/** A request, and the browser that began it: nobody else's can finish it (attack 10). */
export interface BoundRequest {
  readonly request: AuthorizationRequest;
  /** Digest of the browser's cookie. */
  readonly browser: string;
}

const CONTEXT = 'authorization request';
const LIFE_MS = 30 * 60_000;

export function sealRequest(masterKey: MasterKey, bound: BoundRequest): string {
  return masterKey.seal(Buffer.from(JSON.stringify(bound)), CONTEXT).toString('base64url');
}

/** Undefined when it is not one of ours, or is too old. */
export function openRequest(masterKey: MasterKey, sealed: string, now: Date): BoundRequest | undefined {
  try {
    const opened = masterKey.open(Buffer.from(sealed, 'base64url'), CONTEXT);
    const bound = JSON.parse(opened.toString()) as BoundRequest;
    return now.getTime() - bound.request.createdAt <= LIFE_MS ? bound : undefined;
  } catch {
    return undefined;
  }
}
