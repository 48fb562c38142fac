import { Injectable } from '@nestjs/common';
import { uuidv7 } from '../../crypto/uuid.js';
import { IDENTITY_SCOPES } from '../../access/scopes.js';
import type { Config } from '../../config/config.js';
import { InjectConfig } from '../../config/config.token.js';
import { Clock } from '../../crypto/clock.js';
import { sha256 } from '../../crypto/digest.js';
import { OAuthError } from '../../errors/oauth-error.js';
import { AuditTrail } from '../../ops/audit/audit-trail.js';
import { Lifetimes } from '../../tokens/lifetimes.js';
import { newRefreshToken, refreshTokenKey } from '../../tokens/refresh-token.js';
import { Revocations } from '../../tokens/revocations.js';
import { type TokenResponse, TokenResponses } from '../../tokens/token-responses.js';
import { CodesRepository, type Redemption } from '../authorize/codes.repository.js';
import { required } from '../parameters.js';
import type { GrantHandler, TokenRequest } from './grant-handler.js';
import { IdTokens } from './id-tokens.js';
import { resourceParameter } from './scope-parameter.js';

/** RFC 7636 section 4.1. */
const VERIFIER = /^[A-Za-z0-9._~-]{43,128}$/;

/** RFC 6749 section 4.1.3 with PKCE (RFC 7636 section 4.6). */
@Injectable()
export class AuthorizationCodeGrant implements GrantHandler {
  readonly type = 'authorization_code';

  constructor(
    private readonly codes: CodesRepository,
    private readonly responses: TokenResponses,
    private readonly idTokens: IdTokens,
    private readonly revocations: Revocations,
    private readonly lifetimes: Lifetimes,
    private readonly audit: AuditTrail,
    private readonly clock: Clock,
    @InjectConfig() private readonly config: Config,
  ) {}

  async handle(request: TokenRequest): Promise<TokenResponse> {
    const { client, parameters, address, userAgent } = request;
    const code = required(parameters, 'code');
    const verifier = required(parameters, 'code_verifier');
    if (!VERIFIER.test(verifier))
      throw new OAuthError(
        'invalid_grant',
        'code_verifier must be 43 to 128 unreserved characters (RFC 7636).',
      );
    const now = this.clock.now();
    const id = uuidv7();
    const refreshToken = client.metadata.grant_types.includes('refresh_token')
      ? newRefreshToken(id)
      : undefined;
    const redemption = await this.codes.redeem(
      {
        digest: sha256(code),
        clientId: client.clientId,
        redirectUri: parameters.get('redirect_uri') ?? null,
        challenge: sha256(verifier).toString('base64url'),
        resource: resourceParameter(parameters) ?? null,
      },
      {
        id,
        now,
        sessionEnd: this.lifetimes.sessionEnd(now),
        refreshToken: refreshToken === undefined ? null : refreshTokenKey(refreshToken),
        idleEnd: this.lifetimes.idleEnd(now),
        address,
        userAgent,
      },
    );
    const {
      userId,
      resource,
      scopes: granted,
      userScopes,
      ...rest
    } = this.requireRedeemed(redemption, request);
    const scopes = this.config.scopes.intersect(granted, [...userScopes, ...IDENTITY_SCOPES]);
    const { clientId } = client;
    const principal = { kind: 'user', userId, sessionId: id, clientId, resource, scopes } as const;
    const response =
      refreshToken === undefined
        ? await this.responses.alone(principal)
        : await this.responses.pair(principal, refreshToken);
    if (!scopes.includes('openid')) return response;
    return {
      ...response,
      id_token: await this.idTokens.issue({ userId, ...rest }, { clientId, scopes, ...rest }),
    };
  }

  private requireRedeemed(redemption: Redemption | undefined, request: TokenRequest): Redemption {
    if (redemption?.outcome === 'redeemed') return redemption;
    const outcome = redemption?.outcome ?? 'unknown';
    if (redemption?.outcome === 'replayed' && redemption.endedSessionId !== null)
      this.noteReplay(redemption.userId, redemption.endedSessionId, request);
    if (outcome === 'wrong_resource')
      throw new OAuthError('invalid_target', 'The code was granted for another resource.', {
        reason: outcome,
      });
    throw new OAuthError(
      'invalid_grant',
      'The code is not valid: it is unknown, expired, used, or was given for another client, redirect_uri or code_verifier.',
      { reason: outcome },
    );
  }

  /** RFC 6749 section 4.1.2: who used it first may not have been the client. */
  private noteReplay(userId: string, sessionId: string, { client, requestId, address }: TokenRequest): void {
    this.revocations.noteEnded(sessionId);
    this.audit.note({
      event: 'session.code_reused',
      outcome: 'denied',
      reason: 'the authorization code was used before',
      subject: { userId, sessionId, clientId: client.clientId },
      operation: { kind: 'session', name: sessionId },
      requestId,
      address,
    });
  }
}
