import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { errors, jwtVerify, type JWTPayload, SignJWT } from 'jose';
import type { z } from 'zod';
import type { TokenPrincipal } from '../access/principal.js';
import { formatScope } from '../access/scopes.js';
import { Claims, principalOf, TOKEN_RULES } from '../access/token-claims.js';
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
    const { iat, exp, jti } = claims.data;
    const principal = principalOf(claims.data);
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
          ...TOKEN_RULES,
          issuer: this.config.issuer,
          ...(audience !== null && { audience }),
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
