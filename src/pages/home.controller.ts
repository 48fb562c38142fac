import { Controller, Get, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { Public } from '../access/decorators.js';
import { ApiExcludeController } from '../ops/api-description.js';

/** Whoever opens the address that the start prints is a person. In a mounted service `/` is the host's. */
@ApiExcludeController()
@Controller()
@Public()
export class HomeController {
  @Get()
  async home(@Res() reply: FastifyReply): Promise<void> {
    await reply.redirect('/account', 303);
  }
}
