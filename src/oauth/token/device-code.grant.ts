import { Injectable } from '@nestjs/common';
import { uuidv7 } from '../../crypto/uuid.js';
import { IDENTITY_SCOPES } from '../../access/scopes.js';
import type { Config } from '../../config/config.js';
import { InjectConfig } from '../../config/config.token.js';
import { Clock } from '../../crypto/clock.js';
import { sha256 } from '../../crypto/digest.js';
import { OAuthError } from '../../errors/oauth-error.js';
import { Lifetimes } from '../../tokens/lifetimes.js';
import { newRefreshToken, refreshTokenKey } from '../../tokens/refresh-token.js';
import { type TokenResponse, TokenResponses } from '../../tokens/token-responses.js';
import { DeviceCodesRepository, type Poll } from '../device/device-codes.repository.js';
import { required } from '../parameters.js';
import type { GrantHandler, TokenRequest } from './grant-handler.js';

/** RFC 8628 section 3.4. */
@Injectable()
export class DeviceCodeGrant implements GrantHandler {
  readonly type = 'urn:ietf:params:oauth:grant-type:device_code';

  constructor(
    private readonly codes: DeviceCodesRepository,
    private readonly responses: TokenResponses,
    private readonly lifetimes: Lifetimes,
    private readonly clock: Clock,
    @InjectConfig() private readonly config: Config,
  ) {}

  async handle({ client, parameters, address, userAgent }: TokenRequest): Promise<TokenResponse> {
    const { clientId, metadata } = client;
    const now = this.clock.now();
    const id = uuidv7();
    const refreshToken = metadata.grant_types.includes('refresh_token') ? newRefreshToken(id) : undefined;
    const poll = await this.codes.poll(sha256(required(parameters, 'device_code')), clientId, {
      id,
      now,
      sessionEnd: this.lifetimes.sessionEnd(now),
      refreshToken: refreshToken === undefined ? null : refreshTokenKey(refreshToken),
      idleEnd: this.lifetimes.idleEnd(now),
      address,
      userAgent,
    });
    const { userId, resource, scopes: granted, userScopes } = requireAllowed(poll);
    const scopes = this.config.scopes.intersect(granted, [...userScopes, ...IDENTITY_SCOPES]);
    const principal = { kind: 'user', userId, sessionId: id, clientId, resource, scopes } as const;
    return refreshToken === undefined
      ? this.responses.alone(principal)
      : this.responses.pair(principal, refreshToken);
  }
}

/** RFC 8628 section 3.5. */
function requireAllowed(poll: Poll | undefined): Poll {
  switch (poll?.outcome) {
    case 'allowed':
      return poll;
    case 'pending':
      throw new OAuthError('authorization_pending', 'Nobody has answered yet.');
    case 'slow_down':
      throw new OAuthError('slow_down', 'Wait five seconds longer between polls.');
    case 'denied':
      throw new OAuthError('access_denied', 'The person did not allow it.');
    case 'expired':
      throw new OAuthError('expired_token', 'The device code has expired. Begin again.');
    case 'used':
    case 'revoked':
    case 'wrong_client':
    case undefined:
      throw new OAuthError('invalid_grant', 'The device code is not valid.', {
        reason: poll?.outcome ?? 'unknown',
      });
  }
}
