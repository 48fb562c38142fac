import type { IncomingHttpHeaders } from 'node:http';
import { Injectable } from '@nestjs/common';
import { ToolgateError } from '../errors/toolgate-error.js';
import type { EndedSession } from '../tokens/sessions.repository.js';
import { SessionsService } from '../tokens/sessions.service.js';
import { AccessTokenStrategy } from './access-token.strategy.js';
import { credentialOf } from '../access/credential.js';

@Injectable()
export class LogoutService {
  constructor(
    private readonly sessions: SessionsService,
    private readonly accessTokens: AccessTokenStrategy,
  ) {}

  /**
   * Ends the session of the refresh token; without one, of the bearer. An unknown refresh token is no error: what was
   * asked for, that it be dead, holds (as in RFC 7009 section 2.2).
   *
   * @returns what ended, if anything was still alive.
   * @throws ToolgateError `missing_credential`, `not_allowed` for an API key, or what the bearer itself is refused for
   */
  async logout(
    refreshToken: string | undefined,
    headers: IncomingHttpHeaders,
  ): Promise<EndedSession | undefined> {
    if (refreshToken !== undefined) return this.sessions.endByRefreshToken(refreshToken, null);
    const credential = credentialOf(headers);
    if (!credential)
      throw new ToolgateError('missing_credential', {
        detail: 'Send a refresh_token in the body, or the bearer of the session.',
      });
    if (credential.kind === 'api_key') {
      throw new ToolgateError('not_allowed', {
        detail: 'An API key has no session. Revoke it with DELETE /keys/:id.',
      });
    }
    const { principal } = await this.accessTokens.validate(credential.value);
    if (principal.kind === 'user' && principal.actor !== undefined)
      throw new ToolgateError('not_allowed', {
        detail: 'An exchanged token cannot end the session it was made from.',
      });
    return principal.kind === 'api_key' ? undefined : this.sessions.end(principal.sessionId, null, 'logout');
  }
}
