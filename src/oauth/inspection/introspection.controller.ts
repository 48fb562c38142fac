import { Body, Controller, Header, HttpCode, Post, Req } from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiOperation, ApiResponse, ApiTags } from '../../ops/api-description.js';
import type { FastifyRequest } from 'fastify';
import { Public } from '../../access/decorators.js';
import { ClientAuthentication } from '../clients/client-authentication.js';
import { formParameters, required } from '../parameters.js';
import { Introspection } from './introspection.js';

/** RFC 7662. */
@ApiTags('OAuth')
@Controller('oauth/introspect')
@Public()
export class IntrospectionController {
  constructor(
    private readonly authentication: ClientAuthentication,
    private readonly introspection: Introspection,
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
    return this.introspection.answer(client, required(parameters, 'token'));
  }
}
