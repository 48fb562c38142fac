import { Injectable } from '@nestjs/common';
import type { TokenPrincipal } from '../access/principal.js';
import { formatScope } from '../access/scopes.js';
import { AccessTokens } from './access-tokens.js';

/** RFC 6749 section 5.1. */
export interface TokenResponse {
  readonly access_token: string;
  readonly token_type: 'Bearer';
  /** Seconds. */
  readonly expires_in: number;
  readonly scope: string;
  readonly refresh_token?: string;
  /** OpenID Connect Core section 3.1.3.3. */
  readonly id_token?: string;
}

export type TokenPair = TokenResponse & { readonly refresh_token: string };

/** Signs an access token for a principal and puts the answer together. */
@Injectable()
export class TokenResponses {
  constructor(private readonly accessTokens: AccessTokens) {}

  async pair(principal: TokenPrincipal, refreshToken: string): Promise<TokenPair> {
    return { ...(await this.alone(principal)), refresh_token: refreshToken };
  }

  async alone(principal: TokenPrincipal, notAfter?: Date): Promise<TokenResponse> {
    const { token, expiresIn } = await this.accessTokens.issue(principal, notAfter);
    return {
      access_token: token,
      token_type: 'Bearer',
      expires_in: expiresIn,
      scope: formatScope(principal.scopes),
    };
  }
}
