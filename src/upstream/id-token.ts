import { errors, type JWTPayload, jwtVerify } from 'jose';
import type { Oidc } from './discovery.js';
import { refused, UpstreamError } from './upstream-error.js';

/** Signatures by a key of the provider's alone: no `none`, and nothing that our client secret could have made. */
const ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
];
const CLOCK_SKEW_SECONDS = 60;
const TENANT = '{tenantid}';
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** The tenant that an issuer names in place of the template's; '' when there is no template, undefined when it is not one. */
export function tenantOf(template: string, issuer: unknown): string | undefined {
  if (issuer === template && !template.includes(TENANT)) return '';
  const [before = '', after = ''] = template.split(TENANT);
  if (!template.includes(TENANT) || typeof issuer !== 'string') return undefined;
  const tenant = issuer.slice(before.length, issuer.length - after.length);
  return UUID.test(tenant) && issuer === `${before}${tenant}${after}` ? tenant : undefined;
}

/** The checks of OpenID Connect Core section 3.1.3.7 that a signature alone does not make. */
function requireOurs(claims: JWTPayload, issuer: string, clientId: string, nonce: string): void {
  const tenant = tenantOf(issuer, claims.iss);
  if (tenant === undefined || (tenant !== '' && claims['tid'] !== tenant))
    throw refused('the id_token is of another issuer');
  if (claims['nonce'] !== nonce) throw refused('the id_token was made for another sign-in (nonce)');
  const azp = claims['azp'];
  if (azp === undefined ? Array.isArray(claims.aud) && claims.aud.length > 1 : azp !== clientId)
    throw refused('the id_token was made for another client (azp)');
}

/**
 * @returns its claims, and the subject: with the tenant in front where an issuer has several, since `sub` is unique within
 *   an issuer only.
 * @throws UpstreamError
 */
export async function verifyIdToken(
  token: unknown,
  { issuer, keys }: Oidc,
  expected: { clientId: string; nonce: string; now: Date },
): Promise<{ claims: JWTPayload; subject: string }> {
  if (typeof token !== 'string') throw refused('there is no id_token in the token response');
  try {
    const { payload } = await jwtVerify(token, keys, {
      algorithms: ALGORITHMS,
      audience: expected.clientId,
      clockTolerance: CLOCK_SKEW_SECONDS,
      currentDate: expected.now,
      requiredClaims: ['iss', 'sub', 'exp', 'iat'],
    });
    requireOurs(payload, issuer, expected.clientId, expected.nonce);
    const tenant = tenantOf(issuer, payload.iss) ?? '';
    const { sub = '' } = payload;
    if (sub === '') throw refused('the id_token names nobody');
    return { claims: payload, subject: tenant === '' ? sub : `${tenant}:${sub}` };
  } catch (error) {
    if (error instanceof UpstreamError) throw error;
    if (error instanceof errors.JWKSTimeout)
      throw new UpstreamError('unreachable', 'the JWK Set took too long', { cause: error });
    throw refused(`the id_token is not valid: ${(error as Error).message}`, error);
  }
}
