import { Body, Controller, Header, HttpCode, Post, Req } from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { looksLikeApiKey } from '../../access/credential.js';
import { Public } from '../../access/decorators.js';
import { ClientAuthentication } from '../clients/client-authentication.js';
import { formParameters, required } from '../parameters.js';
import { KeyIntrospection } from './key-introspection.js';
import { TokenLookup } from './token-lookup.js';

/** RFC 7662. A client learns of its own tokens, a resource server of tokens and keys made for what it serves (attack 4). */
@ApiTags('OAuth')
@Controller('oauth/introspect')
@Public()
export class IntrospectionController {
  constructor(
    private readonly authentication: ClientAuthentication,
    private readonly tokens: TokenLookup,
    private readonly keys: KeyIntrospection,
  ) {}

  @Post()
  @HttpCode(200)
  @Header('Cache-Control', 'no-store')
  @ApiOperation({ summary: 'Is this token or API key alive, and what may it do (RFC 7662)' })
  @ApiConsumes('application/x-www-form-urlencoded')
  @ApiBody({ schema: { type: 'object', required: ['token'], properties: { token: { type: 'string' } } } })
  @ApiResponse({ status: 200, description: '`active`, and for a living token what it is' })
  async introspect(
    @Body() body: unknown,
    @Req() request: Pick<FastifyRequest, 'headers' | 'ip'>,
  ): Promise<object> {
    const parameters = formParameters(body);
    const { authorization } = request.headers;
    const from = { authorization, parameters, address: request.ip };
    const client = await this.authentication.authenticateConfidential(from);
    const token = required(parameters, 'token');
    if (looksLikeApiKey(token)) return (await this.keys.find(token, client.serves)) ?? { active: false };
    const found = await this.tokens.find(token);
    if (!found) return { active: false };
    const related = found.clientId === client.clientId || client.serves.includes(found.resource);
    return related ? { active: true, ...found.shown } : { active: false };
  }
}
