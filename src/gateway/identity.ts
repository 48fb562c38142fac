import type { Principal } from '../access/principal.js';
import { formatScope } from '../access/scopes.js';

export const ASSERTION_HEADER = 'x-toolgate-assertion';
const ASSERTION_LIFE_S = 60;

export interface Identity {
  readonly sub: string;
  readonly kind: Principal['kind'];
  readonly scope: string;
  readonly client_id?: string;
  readonly key_id?: string;
  readonly actor?: string;
}

/** What the server behind may know of a caller. Nothing in it can be used anywhere else. */
export function identityOf(principal: Principal): Identity {
  const common = { kind: principal.kind, scope: formatScope(principal.scopes) };
  switch (principal.kind) {
    case 'user': {
      const actor = principal.actor === undefined ? {} : { actor: principal.actor };
      return { ...common, sub: principal.userId, client_id: principal.clientId, ...actor };
    }
    case 'api_key':
      return { ...common, sub: principal.userId, key_id: principal.keyId };
    case 'client':
      return { ...common, sub: principal.clientId, client_id: principal.clientId };
  }
}

/** The same, said by `issuer` to `audience` for a minute. Signed with a `typ` that no access token has (RFC 8725 section 3.11). */
export function assertionClaims(
  principal: Principal,
  { issuer, audience, now }: { readonly issuer: string; readonly audience: string; readonly now: Date },
): object {
  const iat = Math.floor(now.getTime() / 1000);
  return { ...identityOf(principal), iss: issuer, aud: audience, iat, exp: iat + ASSERTION_LIFE_S };
}
