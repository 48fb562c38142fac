import { All, Controller, Header, HttpCode, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '../../ops/api-description.js';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Public } from '../../access/decorators.js';
import { ForwardAuth } from './forward-auth.js';

/**
 * For Envoy's ext_authz, which asks with the client's own method, path and query after a prefix: here the query is the client's,
 * and what is asked comes in headers, which Envoy sets over the client's. Of all answers it takes a 200 alone for a yes.
 */
@ApiExcludeController()
@Controller('forward-auth/envoy')
@Public()
export class EnvoyController {
  constructor(private readonly forwardAuth: ForwardAuth) {}

  @All('*')
  @HttpCode(200)
  @Header('Cache-Control', 'no-store')
  async ask(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<void> {
    const { 'x-toolgate-resource': resource, 'x-toolgate-scope': scope } = request.headers;
    await this.forwardAuth.answer({ resource, scope }, request, reply);
  }
}
