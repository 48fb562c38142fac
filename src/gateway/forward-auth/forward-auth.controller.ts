import { Controller, Get, Header, HttpCode, Query, Req, Res } from '@nestjs/common';
import { ApiOperation, ApiQuery, ApiResponse, ApiTags } from '../../ops/api-description.js';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Public } from '../../access/decorators.js';
import { ForwardAuth } from './forward-auth.js';

/**
 * For proxies whose configuration holds the whole URL: nginx auth_request, Traefik ForwardAuth. What is asked comes from the
 * query alone, for the headers are the client's. Public for the guards, which take credentials for our own resource alone.
 */
@ApiTags('Gateway')
@Controller('forward-auth')
@Public()
export class ForwardAuthController {
  constructor(private readonly forwardAuth: ForwardAuth) {}

  @Get()
  @HttpCode(204)
  @Header('Cache-Control', 'no-store')
  @ApiOperation({ summary: 'May this request pass to that resource (for reverse proxies)' })
  @ApiQuery({ name: 'resource', description: 'A known resource', schema: { type: 'string' } })
  @ApiQuery({ name: 'scope', required: false, description: 'All that is needed, separated by spaces' })
  @ApiResponse({ status: 204, description: 'Yes; `X-Toolgate-*` headers say who it is' })
  @ApiResponse({ status: 401, description: 'No valid credential; the challenge is for the client' })
  @ApiResponse({ status: 403, description: 'A scope is missing, or the key is not for this network' })
  @ApiResponse({ status: 422, description: 'The proxy is set up wrong' })
  async get(
    @Query('resource') resource: unknown,
    @Query('scope') scope: unknown,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<void> {
    await this.forwardAuth.answer({ resource, scope }, request, reply);
  }
}
