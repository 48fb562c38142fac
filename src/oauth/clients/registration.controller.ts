import { Body, Controller, Delete, Get, Header, HttpCode, Param, Post, Put, Req, Res } from '@nestjs/common';
import { ApiBody, ApiOperation, ApiResponse, ApiTags } from '../../ops/api-description.js';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Public } from '../../access/decorators.js';
import { OAuthError } from '../../errors/oauth-error.js';
import { noteForAudit } from '../../ops/audit/audit-note.js';
import { Audited } from '../../ops/audit/audited.js';
import { RateLimits } from '../../ops/rate-limits.js';
import { type RegistrationAnswer, RegistrationService } from './registration.service.js';

const bearerOf = ({ headers }: FastifyRequest): string | undefined =>
  /^bearer +([A-Za-z0-9._~+/-]+=*)$/i.exec(headers.authorization ?? '')?.[1];

/** Public: what may be registered, and by whom, is the policy's to say; afterwards the registration token counts. */
@ApiTags('OAuth clients')
@Controller('oauth/register')
@Public()
export class RegistrationController {
  constructor(
    private readonly registrations: RegistrationService,
    private readonly limits: RateLimits,
  ) {}

  @Post()
  @Audited('client.created')
  @HttpCode(201)
  @Header('Cache-Control', 'no-store')
  @ApiOperation({ summary: 'Register a client (RFC 7591)' })
  @ApiBody({
    schema: {
      type: 'object',
      properties: { redirect_uris: { type: 'array', items: { type: 'string' } } },
      example: {
        client_name: 'My agent',
        redirect_uris: ['http://127.0.0.1/callback'],
        token_endpoint_auth_method: 'none',
      },
    },
  })
  @ApiResponse({ status: 201, description: 'The client as registered' })
  async register(
    @Body() body: unknown,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<RegistrationAnswer> {
    const { headers } = await this.limits.consume([{ limit: 'registration-address', key: request.ip }]);
    reply.headers(headers);
    const registered = await this.registrations.register(body, bearerOf(request));
    noteForAudit(request, { object: registered.client_id, subject: { clientId: registered.client_id } });
    return registered;
  }

  @Get(':clientId')
  @Header('Cache-Control', 'no-store')
  @ApiOperation({ summary: 'Read my registration (RFC 7592)' })
  @ApiResponse({ status: 200, description: 'The client as registered' })
  async read(@Param('clientId') clientId: string, @Req() request: FastifyRequest) {
    return this.registrations.read(clientId, this.tokenOf(request));
  }

  @Put(':clientId')
  @Audited('client.changed')
  @Header('Cache-Control', 'no-store')
  @ApiOperation({ summary: 'Replace my registration (RFC 7592)' })
  @ApiBody({ schema: { type: 'object' } })
  @ApiResponse({ status: 200, description: 'The client as registered' })
  async replace(@Param('clientId') clientId: string, @Req() request: FastifyRequest, @Body() body: unknown) {
    return this.registrations.replace(clientId, this.tokenOf(request), body);
  }

  @Delete(':clientId')
  @Audited('client.removed')
  @HttpCode(204)
  @ApiOperation({ summary: 'Remove my registration and all that was granted to it (RFC 7592)' })
  @ApiResponse({ status: 204, description: 'Removed' })
  async remove(@Param('clientId') clientId: string, @Req() request: FastifyRequest): Promise<void> {
    await this.registrations.remove(clientId, this.tokenOf(request));
  }

  private tokenOf(request: FastifyRequest): string {
    const token = bearerOf(request);
    if (token !== undefined) return token;
    throw new OAuthError('invalid_client', 'Send the registration_access_token as Bearer.', {
      status: 401,
      headers: { 'WWW-Authenticate': 'Bearer' },
    });
  }
}
