import { Body, Controller, Header, HttpCode, Post, Req } from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiOperation, ApiResponse, ApiTags } from '../../ops/api-description.js';
import type { FastifyRequest } from 'fastify';
import { Public } from '../../access/decorators.js';
import { OAuthError } from '../../errors/oauth-error.js';
import { RateLimits } from '../../ops/rate-limits.js';
import { ClientAuthentication } from '../clients/client-authentication.js';
import { formParameters } from '../parameters.js';
import { resourceParameter, scopeParameter } from '../token/scope-parameter.js';
import { type DeviceAuthorization, DeviceService } from './device.service.js';

@ApiTags('OAuth')
@Controller('oauth/device_authorization')
@Public()
export class DeviceAuthorizationController {
  constructor(
    private readonly authentication: ClientAuthentication,
    private readonly devices: DeviceService,
    private readonly limits: RateLimits,
  ) {}

  @Post()
  @HttpCode(200)
  @Header('Cache-Control', 'no-store')
  @ApiOperation({ summary: 'Begin the device flow (RFC 8628)' })
  @ApiConsumes('application/x-www-form-urlencoded')
  @ApiBody({ schema: { type: 'object', properties: { client_id: { type: 'string' } } } })
  @ApiResponse({ status: 200, description: 'Codes for the device and for the person (section 3.2)' })
  async authorize(@Body() body: unknown, @Req() request: FastifyRequest): Promise<DeviceAuthorization> {
    const parameters = formParameters(body);
    const { authorization } = request.headers;
    const client = await this.authentication.authenticate({ authorization, parameters, address: request.ip });
    if (!client.metadata.grant_types.includes('urn:ietf:params:oauth:grant-type:device_code'))
      throw new OAuthError('unauthorized_client', 'This client is not registered for the device flow.');
    await this.limits.consume([{ limit: 'device-address', key: request.ip }]);
    return this.devices.authorize(client, {
      resource: resourceParameter(parameters),
      scopes: scopeParameter(parameters),
    });
  }
}
