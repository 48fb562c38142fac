import { Body, Controller, Header, HttpCode, Post, Req } from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiOperation, ApiResponse, ApiTags } from '../../ops/api-description.js';
import type { FastifyRequest } from 'fastify';
import { Public } from '../../access/decorators.js';
import { OAuthError } from '../../errors/oauth-error.js';
import { noteForAudit } from '../../ops/audit/audit-note.js';
import { Audited } from '../../ops/audit/audited.js';
import type { EndedSession } from '../../tokens/sessions.repository.js';
import { SessionsService } from '../../tokens/sessions.service.js';
import { ClientAuthentication } from '../clients/client-authentication.js';
import { formParameters, required } from '../parameters.js';
import { TokenLookup } from './token-lookup.js';

/** RFC 7009. Either token ends the session, and so both of them (section 2.1). */
@ApiTags('OAuth')
@Controller('oauth/revoke')
@Public()
export class RevocationController {
  constructor(
    private readonly authentication: ClientAuthentication,
    private readonly tokens: TokenLookup,
    private readonly sessions: SessionsService,
  ) {}

  /** 200 also for a token that is unknown, dead or another client's: nothing is told, nothing of others is ended. */
  @Post()
  @Audited('session.ended')
  @HttpCode(200)
  @Header('Cache-Control', 'no-store')
  @ApiOperation({ summary: 'End a token and its session (RFC 7009)' })
  @ApiConsumes('application/x-www-form-urlencoded')
  @ApiBody({ schema: { type: 'object', required: ['token'], properties: { token: { type: 'string' } } } })
  @ApiResponse({ status: 200, description: 'Ended, or was not alive' })
  async revoke(@Body() body: unknown, @Req() request: FastifyRequest): Promise<void> {
    const parameters = formParameters(body);
    const { authorization } = request.headers;
    const client = await this.authentication.authenticate({ authorization, parameters, address: request.ip });
    const token = required(parameters, 'token');
    noteForAudit(request, { nothing: true });
    const ended =
      (await this.sessions.endByRefreshToken(token, client.clientId)) ??
      (await this.endByToken(token, client.clientId));
    if (ended) noteForAudit(request, { nothing: false, subject: ended, object: ended.sessionId });
  }

  private async endByToken(token: string, clientId: string): Promise<EndedSession | undefined> {
    const found = await this.tokens.find(token);
    // It shares the session it was made from, which is not this client's to end (RFC 8693, RFC 7009 section 2.2.1).
    if (found?.clientId !== clientId) return undefined;
    if (found.shown.act)
      throw new OAuthError(
        'unsupported_token_type',
        'An exchanged token ends with the token it was made from.',
      );
    if (!found.ofClient) return this.sessions.end(found.sessionId, null, 'revoked_by_client');
    const [issuedAt, expiresAt] = [new Date(found.shown.iat * 1000), new Date(found.shown.exp * 1000)];
    return this.sessions.endOfClient({ ...found, issuedAt, expiresAt });
  }
}
