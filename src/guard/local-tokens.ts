import { errors, jwtVerify, type JWTPayload } from 'jose';
import type { TokenPrincipal } from '../access/principal.js';
import { Claims, principalOf } from '../access/token-claims.js';
import { ToolgateError } from '../errors/toolgate-error.js';
import type { IssuerKeys } from './issuer-keys.js';

export interface LocalToken {
  readonly principal: TokenPrincipal;
  readonly expiresAt: number;
}

/** No Toolgate makes tokens that live longer than a day. With it, jose also refuses an `iat` in the future. */
const LONGEST_LIFE = 86_400;

/** Verifies access tokens (RFC 9068) with the issuer's public keys, by the same rules as the issuer itself. */
export class LocalTokens {
  constructor(
    private readonly keys: IssuerKeys,
    private readonly issuer: string,
    private readonly resource: string,
    private readonly clockTolerance: number,
  ) {}

  /** @throws ToolgateError `invalid_token`, `expired_token`, `unavailable` */
  async verify(token: string): Promise<LocalToken> {
    const claims = Claims.safeParse(await this.verifySignature(token));
    const principal = claims.success ? principalOf(claims.data) : undefined;
    if (!claims.success || !principal)
      throw new ToolgateError('invalid_token', { reason: 'a claim is missing or malformed' });
    return { principal, expiresAt: claims.data.exp * 1000 };
  }

  private async verifySignature(token: string): Promise<JWTPayload> {
    try {
      const { payload } = await jwtVerify(
        token,
        async ({ kid, alg }) => {
          const known = kid === undefined ? undefined : await this.keys.find(kid);
          if (known?.algorithm !== alg) throw new errors.JWSInvalid('unknown kid, or not its algorithm');
          return known.key;
        },
        {
          algorithms: ['ES256', 'EdDSA', 'RS256'],
          typ: 'at+jwt',
          requiredClaims: ['exp', 'iat', 'sub', 'jti', 'client_id', 'sid'],
          issuer: this.issuer,
          audience: this.resource,
          maxTokenAge: LONGEST_LIFE,
          clockTolerance: this.clockTolerance,
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
