import { z } from 'zod';
import type { TokenPrincipal } from './principal.js';
import { parseScope } from './scopes.js';

/** RFC 9068 section 2.2, with `aud` as exactly one string: a token for us and somebody else is not for us. */
export const Claims = z.object({
  iss: z.string(),
  /** A user's id, or for a client that acts for itself its client_id (RFC 9068 section 2.2). */
  sub: z.string().min(1),
  aud: z.string(),
  client_id: z.string().min(1),
  scope: z.string(),
  iat: z.number().int(),
  nbf: z.number().optional(),
  exp: z.number().int(),
  jti: z.string().min(1),
  sid: z.uuid(),
  act: z.object({ sub: z.string().min(1) }).optional(),
});
export type Claims = z.output<typeof Claims>;

/** What a verifier of our tokens in another process asks of jose, besides issuer, audience and time. */
export const TOKEN_RULES = {
  algorithms: ['ES256', 'EdDSA', 'RS256'],
  typ: 'at+jwt',
  requiredClaims: ['exp', 'iat', 'sub', 'jti', 'client_id', 'sid'],
};

/** Undefined when scope or sub is malformed. A client's id is never a UUID, so that no client can pass for a person. */
export function principalOf(claims: Claims): TokenPrincipal | undefined {
  const { sub, sid: sessionId, client_id: clientId, aud: resource, act } = claims;
  const scopes = parseScope(claims.scope);
  if (!scopes) return undefined;
  if (sub === clientId) return { kind: 'client', clientId, sessionId, resource, scopes };
  if (!z.uuid().safeParse(sub).success) return undefined;
  const actor = act && { actor: act.sub };
  return { kind: 'user', userId: sub, sessionId, clientId, resource, scopes, ...actor };
}
