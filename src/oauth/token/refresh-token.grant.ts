import { Injectable } from '@nestjs/common';
import { SessionsService } from '../../tokens/sessions.service.js';
import type { TokenResponse } from '../../tokens/token-responses.js';
import { required } from '../parameters.js';
import type { GrantHandler, TokenRequest } from './grant-handler.js';
import { resourceParameter, scopeParameter } from './scope-parameter.js';

/** RFC 6749 section 6: the same table and the same rotation as a login over REST. */
@Injectable()
export class RefreshTokenGrant implements GrantHandler {
  readonly type = 'refresh_token';

  constructor(private readonly sessions: SessionsService) {}

  async handle({ client, parameters, requestId, address }: TokenRequest): Promise<TokenResponse> {
    return this.sessions.refresh(required(parameters, 'refresh_token'), {
      clientId: client.clientId,
      from: { requestId, address },
      resource: resourceParameter(parameters),
      scopes: scopeParameter(parameters),
    });
  }
}
