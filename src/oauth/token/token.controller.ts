import { Body, Controller, Header, HttpCode, Inject, Post, Req } from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiOperation, ApiResponse, ApiTags } from '../../ops/api-description.js';
import type { FastifyRequest } from 'fastify';
import { Public } from '../../access/decorators.js';
import { OAuthError } from '../../errors/oauth-error.js';
import { ToolgateError } from '../../errors/toolgate-error.js';
import { storableAddress } from '../../tokens/storable-address.js';
import type { TokenResponse } from '../../tokens/token-responses.js';
import { ClientAuthentication } from '../clients/client-authentication.js';
import { formParameters, required } from '../parameters.js';
import type { GrantHandler } from './grant-handler.js';

export const GRANT_HANDLERS = Symbol('toolgate:grant-handlers');

/** What a refresh token is refused for, in the words of RFC 6749 section 5.2. A dead one is never a 5xx (clients rule 7). */
function inOAuthWords(error: unknown): unknown {
  if (!(error instanceof ToolgateError)) return error;
  switch (error.code) {
    case 'invalid_refresh_token':
    case 'expired_refresh_token':
    case 'reused_refresh_token':
      return new OAuthError('invalid_grant', 'The refresh token is not valid any more. Connect again.', {
        reason: error.message,
      });
    case 'wrong_resource':
      return new OAuthError('invalid_target', 'The refresh token was granted for another resource.');
    case 'invalid_scope':
      return new OAuthError('invalid_scope', 'The refresh token holds none of these scopes.');
    default:
      return error;
  }
}

/** RFC 6749 section 3.2. Public for the guards: the client proves itself by its own means. */
@ApiTags('OAuth')
@Controller('oauth/token')
@Public()
export class TokenController {
  constructor(
    private readonly authentication: ClientAuthentication,
    @Inject(GRANT_HANDLERS) private readonly handlers: readonly GrantHandler[],
  ) {}

  @Post()
  @HttpCode(200)
  @Header('Cache-Control', 'no-store')
  @Header('Pragma', 'no-cache')
  @ApiOperation({ summary: 'Trade a grant for tokens (RFC 6749)' })
  @ApiConsumes('application/x-www-form-urlencoded')
  @ApiBody({
    schema: { type: 'object', required: ['grant_type'], properties: { grant_type: { type: 'string' } } },
  })
  @ApiResponse({ status: 200, description: 'Tokens (RFC 6749 section 5.1)' })
  async token(
    @Body() body: unknown,
    @Req() request: Pick<FastifyRequest, 'headers' | 'id' | 'ip'>,
  ): Promise<TokenResponse> {
    const parameters = formParameters(body);
    const type = required(parameters, 'grant_type');
    const handler = this.handlers.find((one) => one.type === type);
    if (!handler) throw new OAuthError('unsupported_grant_type', 'This grant_type is not offered.');
    const { authorization, 'user-agent': userAgent } = request.headers;
    const client = await this.authentication.authenticate({ authorization, parameters, address: request.ip });
    if (!client.metadata.grant_types.includes(handler.type))
      throw new OAuthError('unauthorized_client', `This client is not registered for ${handler.type}.`);
    try {
      const from = {
        address: storableAddress(request.ip),
        userAgent: userAgent?.slice(0, 500) ?? null,
        requestId: request.id,
      };
      return await handler.handle({ client, parameters, ...from });
    } catch (error) {
      throw inOAuthWords(error);
    }
  }
}
