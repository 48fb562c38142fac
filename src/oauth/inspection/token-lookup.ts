import { Injectable } from '@nestjs/common';
import { formatScope } from '../../access/scopes.js';
import type { Config } from '../../config/config.js';
import { InjectConfig } from '../../config/config.token.js';
import { ToolgateError } from '../../errors/toolgate-error.js';
import { AccessTokens } from '../../tokens/access-tokens.js';
import { looksLikeRefreshToken, refreshTokenKey } from '../../tokens/refresh-token.js';
import { RefreshTokensRepository } from '../../tokens/refresh-tokens.repository.js';
import { Revocations } from '../../tokens/revocations.js';

/** RFC 7662 section 2.2, of a living token. */
export interface LivingToken {
  readonly client_id: string;
  readonly sub: string;
  readonly aud: string;
  readonly iss: string;
  readonly scope: string;
  readonly token_type: 'Bearer' | 'refresh_token';
  readonly exp: number;
  readonly iat: number;
  readonly jti?: string;
  readonly act?: { readonly sub: string };
}

export interface FoundToken {
  readonly sessionId: string;
  readonly clientId: string;
  readonly resource: string;
  /** The client got it for itself. */
  readonly ofClient: boolean;
  readonly shown: LivingToken;
}

/** Finds the living token behind a string, of whichever kind. */
@Injectable()
export class TokenLookup {
  constructor(
    private readonly accessTokens: AccessTokens,
    private readonly revocations: Revocations,
    private readonly refreshTokens: RefreshTokensRepository,
    @InjectConfig() private readonly config: Config,
  ) {}

  async find(token: string): Promise<FoundToken | undefined> {
    return looksLikeRefreshToken(token) ? this.refreshToken(token) : this.accessToken(token);
  }

  private async accessToken(token: string): Promise<FoundToken | undefined> {
    try {
      const { id, issuedAt, expiresAt, ...verified } = await this.accessTokens.verify(token, null);
      const principal = this.revocations.cut(verified.principal);
      this.revocations.requireFresh();
      const { sessionId, clientId, resource, scopes } = principal;
      const person = principal.kind === 'user' ? principal.userId : undefined;
      if (this.revocations.hasEnded(principal, issuedAt)) return undefined;
      const actor = principal.kind === 'user' ? principal.actor : undefined;
      const shown: LivingToken = {
        client_id: clientId,
        sub: person ?? clientId,
        aud: resource,
        iss: this.config.issuer,
        scope: formatScope(scopes),
        token_type: 'Bearer',
        exp: expiresAt.getTime() / 1000,
        iat: issuedAt.getTime() / 1000,
        jti: id,
        ...(actor !== undefined && { act: { sub: actor } }),
      };
      return { sessionId, clientId, resource, ofClient: principal.kind === 'client', shown };
    } catch (error) {
      if (error instanceof ToolgateError && error.status === 401) return undefined;
      throw error;
    }
  }

  private async refreshToken(token: string): Promise<FoundToken | undefined> {
    const living = await this.refreshTokens.living(refreshTokenKey(token));
    if (!living) return undefined;
    const { sessionId, clientId, resource } = living;
    const shown: LivingToken = {
      client_id: clientId,
      sub: living.userId,
      aud: resource,
      iss: this.config.issuer,
      scope: formatScope(living.scopes),
      token_type: 'refresh_token',
      exp: living.expiresAt,
      iat: living.issuedAt,
    };
    return { sessionId, clientId, resource, ofClient: false, shown };
  }
}
