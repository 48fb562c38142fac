import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { errors, jwtVerify, type JWTPayload, SignJWT } from 'jose';
import { z } from 'zod';
import type { UserPrincipal } from '../access/principal.js';
import { formatScope, parseScope } from '../access/scopes.js';
import type { Config } from '../config/config.js';
import { InjectConfig } from '../config/config.token.js';
import { Clock } from '../crypto/clock.js';
import { ToolgateError } from '../errors/toolgate-error.js';
import { KeyRing } from './key-ring.js';

export interface VerifiedToken {
  readonly principal: UserPrincipal;
  readonly issuedAt: Date;
  readonly expiresAt: Date;
}

/** RFC 9068 section 2.2, with `aud` as exactly one string: a token for us and somebody else is not for us. */
const Claims = z.object({
  iss: z.string(),
  sub: z.uuid(),
  aud: z.string(),
  client_id: z.string().min(1),
  scope: z.string(),
  iat: z.number().int(),
  exp: z.number().int(),
  jti: z.string().min(1),
  sid: z.uuid(),
});

/** Signs and verifies access tokens (RFC 9068). Whether their session still lives is for Revocations to say. */
@Injectable()
export class AccessTokens {
  constructor(
    private readonly keys: KeyRing,
    private readonly clock: Clock,
    @InjectConfig() private readonly config: Config,
  ) {}

  async issue(principal: Omit<UserPrincipal, 'kind'>): Promise<{ token: string; expiresIn: number }> {
    const { kid, algorithm, key } = this.keys.signingKey();
    const now = Math.floor(this.clock.now().getTime() / 1000);
    const claims: z.input<typeof Claims> = {
      iss: this.config.issuer,
      sub: principal.userId,
      aud: principal.resource,
      client_id: principal.clientId,
      scope: formatScope(principal.scopes),
      iat: now,
      exp: now + this.config.ACCESS_TOKEN_TTL,
      jti: randomUUID(),
      sid: principal.sessionId,
    };
    const token = await new SignJWT(claims)
      .setProtectedHeader({ alg: algorithm, typ: 'at+jwt', kid })
      .sign(key);
    return { token, expiresIn: this.config.ACCESS_TOKEN_TTL };
  }

  /** @throws ToolgateError `invalid_token`, `expired_token` */
  async verify(token: string): Promise<VerifiedToken> {
    const claims = Claims.safeParse(await this.verifySignature(token));
    if (!claims.success)
      throw new ToolgateError('invalid_token', { reason: 'a claim is missing or malformed' });
    const { sub, sid, client_id, aud, scope, iat, exp } = claims.data;
    const scopes = parseScope(scope);
    if (!scopes) throw new ToolgateError('invalid_token', { reason: 'malformed scope claim' });
    return {
      principal: { kind: 'user', userId: sub, sessionId: sid, clientId: client_id, resource: aud, scopes },
      issuedAt: new Date(iat * 1000),
      expiresAt: new Date(exp * 1000),
    };
  }

  private async verifySignature(token: string): Promise<JWTPayload> {
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
          audience: this.config.resource,
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
