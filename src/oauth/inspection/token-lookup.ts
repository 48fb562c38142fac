import { Injectable } from '@nestjs/common';
import { formatScope } from '../../access/scopes.js';
import type { Config } from '../../config/config.js';
import { InjectConfig } from '../../config/config.token.js';
import { Clock } from '../../crypto/clock.js';
import { sha256 } from '../../crypto/digest.js';
import { Database, type Statement } from '../../database/database.js';
import { ToolgateError } from '../../errors/toolgate-error.js';
import { AccessTokens } from '../../tokens/access-tokens.js';
import { looksLikeRefreshToken } from '../../tokens/refresh-token.js';
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

interface RefreshRow {
  readonly sessionId: string;
  readonly clientId: string;
  readonly userId: string;
  readonly resource: string;
  readonly scopes: string[];
  readonly issuedAt: Date;
  readonly expiresAt: Date;
}

const LIVING_REFRESH: Statement = {
  name: 'refresh-token-living',
  text: `SELECT s.id AS "sessionId", s.client_id AS "clientId", s.user_id AS "userId", s.resource, s.scopes,
                t.issued_at AS "issuedAt", t.expires_at AS "expiresAt"
         FROM refresh_tokens t JOIN sessions s ON s.id = t.session_id JOIN users u ON u.id = s.user_id
         WHERE t.digest = $1 AND t.used_at IS NULL AND t.expires_at > $2 AND s.expires_at > $2
           AND s.revoked_at IS NULL AND u.disabled_at IS NULL`,
};

/** Finds the living token behind a string, of whichever kind. */
@Injectable()
export class TokenLookup {
  constructor(
    private readonly accessTokens: AccessTokens,
    private readonly revocations: Revocations,
    private readonly database: Database,
    private readonly clock: Clock,
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
    const values = [sha256(token), this.clock.now()];
    const [row] = await this.database.query<RefreshRow & Record<string, unknown>>(LIVING_REFRESH, values);
    if (!row) return undefined;
    const { sessionId, clientId, resource } = row;
    const shown: LivingToken = {
      client_id: clientId,
      sub: row.userId,
      aud: resource,
      iss: this.config.issuer,
      scope: formatScope(row.scopes),
      token_type: 'refresh_token',
      exp: Math.floor(row.expiresAt.getTime() / 1000),
      iat: Math.floor(row.issuedAt.getTime() / 1000),
    };
    return { sessionId, clientId, resource, ofClient: false, shown };
  }
}
