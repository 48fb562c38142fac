import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { errors, jwtVerify, type JWTPayload, SignJWT } from 'jose';
import { z } from 'zod';
import type { TokenPrincipal } from '../access/principal.js';
import { formatScope, parseScope, type Scope } from '../access/scopes.js';
import type { Config } from '../config/config.js';
import { InjectConfig } from '../config/config.token.js';
import { Clock } from '../crypto/clock.js';
import { ToolgateError } from '../errors/toolgate-error.js';
import { KeyRing } from './key-ring.js';

export interface VerifiedToken {
  readonly principal: TokenPrincipal;
  readonly id: string;
  readonly issuedAt: Date;
  readonly expiresAt: Date;
}

/** RFC 9068 section 2.2, with `aud` as exactly one string: a token for us and somebody else is not for us. */
const Claims = z.object({
  iss: z.string(),
  /** A user's id, or for a client that acts for itself its client_id (RFC 9068 section 2.2). */
  sub: z.string().min(1),
  aud: z.string(),
  client_id: z.string().min(1),
  scope: z.string(),
  iat: z.number().int(),
  exp: z.number().int(),
  jti: z.string().min(1),
  sid: z.uuid(),
  act: z.object({ sub: z.string().min(1) }).optional(),
});
type Claims = z.output<typeof Claims>;

/** A client's id is never a UUID, so that no client can pass for a person. */
function principalOf(claims: Claims, scopes: readonly Scope[]): TokenPrincipal | undefined {
  const { sub, sid: sessionId, client_id: clientId, aud: resource, act } = claims;
  if (sub === clientId) return { kind: 'client', clientId, sessionId, resource, scopes };
  if (!z.uuid().safeParse(sub).success) return undefined;
  const actor = act && { actor: act.sub };
  return { kind: 'user', userId: sub, sessionId, clientId, resource, scopes, ...actor };
}

/** Signs and verifies access tokens (RFC 9068). Whether their session still lives is for Revocations to say. */
@Injectable()
export class AccessTokens {
  constructor(
    private readonly keys: KeyRing,
    private readonly clock: Clock,
    @InjectConfig() private readonly config: Config,
  ) {}

  /** `notAfter`: what it was made from ends then. */
  async issue(principal: TokenPrincipal, notAfter?: Date): Promise<{ token: string; expiresIn: number }> {
    const { kid, algorithm, key } = this.keys.signingKey();
    const now = Math.floor(this.clock.now().getTime() / 1000);
    const exp = Math.min(
      now + this.config.ACCESS_TOKEN_TTL,
      Math.floor((notAfter?.getTime() ?? Infinity) / 1000),
    );
    const claims: z.input<typeof Claims> = {
      iss: this.config.issuer,
      sub: principal.kind === 'user' ? principal.userId : principal.clientId,
      aud: principal.resource,
      client_id: principal.clientId,
      scope: formatScope(principal.scopes),
      iat: now,
      exp,
      jti: randomUUID(),
      sid: principal.sessionId,
      ...(principal.kind === 'user' && principal.actor !== undefined && { act: { sub: principal.actor } }),
    };
    const token = await new SignJWT(claims)
      .setProtectedHeader({ alg: algorithm, typ: 'at+jwt', kid })
      .sign(key);
    return { token, expiresIn: exp - now };
  }

  /**
   * A token of ours for `audience`; for any resource when that is null, which only the authorization server's own
   * endpoints may ask (RFC 7662, RFC 7009, RFC 8693).
   *
   * @throws ToolgateError `invalid_token`, `expired_token`
   */
  async verify(token: string, audience: string | null = this.config.resource): Promise<VerifiedToken> {
    const claims = Claims.safeParse(await this.verifySignature(token, audience));
    if (!claims.success)
      throw new ToolgateError('invalid_token', { reason: 'a claim is missing or malformed' });
    const { scope, iat, exp, jti } = claims.data;
    const scopes = parseScope(scope);
    const principal = scopes && principalOf(claims.data, scopes);
    if (!principal) throw new ToolgateError('invalid_token', { reason: 'malformed scope or sub claim' });
    return {
      principal,
      id: jti,
      issuedAt: new Date(iat * 1000),
      expiresAt: new Date(exp * 1000),
    };
  }

  private async verifySignature(token: string, audience: string | null): Promise<JWTPayload> {
    try {
      const { payload } = await jwtVerify(
        token,
        async ({ kid, alg }) => {
          const known = kid === undefined ? undefined : await this.keys.verificationKey(kid);
          // RFC 8725 section 3.1: the key says which algorithm it is for; the token's header is only compared.
          if (known?.algorithm !== alg) throw new errors.JWSInvalid('unknown kid, or not its algorithm');
          return known.key;
        },
        {
          algorithms: ['ES256', 'EdDSA', 'RS256'],
          typ: 'at+jwt',
          issuer: this.config.issuer,
          ...(audience !== null && { audience }),
          requiredClaims: ['exp', 'iat', 'sub', 'jti', 'client_id', 'sid'],
          currentDate: this.clock.now(),
          // Revocations older than one token life are forgotten, so no token may outlive the life set now.
          maxTokenAge: this.config.ACCESS_TOKEN_TTL,
        },
      );
      return payload;
    } catch (cause) {
      if (!(cause instanceof errors.JOSEError)) throw cause;
      if (cause instanceof errors.JWTExpired)
        throw new ToolgateError('expired_token', { reason: cause.message });
      throw new ToolgateError('invalid_token', { reason: cause.message });
    }
  }
}
