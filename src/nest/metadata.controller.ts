import type { IncomingMessage, ServerResponse } from 'node:http';
import { Controller, Get, Inject, Req, Res } from '@nestjs/common';
import { Public } from '../access/decorators.js';
import { ToolgateError } from '../errors/toolgate-error.js';
import { metadataAnswer } from '../guard/metadata.js';
import type { ResourceGuard } from '../guard/resource-guard.js';
import { RESOURCE_GUARD } from './tokens.js';
import { writeNestAnswer } from './write-answer.js';

/** Express and Fastify have no wildcard that means the same to both. */
const DEEPEST = 8;
const PATHS = Array.from({ length: DEEPEST + 1 }, (_, depth) =>
  Array.from({ length: depth }, (_, index) => `:p${index}`).join('/'),
);

/** RFC 9728, at the root and with the resource's path inserted, which may be known only once the application runs. */
@Controller('.well-known/oauth-protected-resource')
export class ToolgateMetadataController {
  constructor(@Inject(RESOURCE_GUARD) private readonly guard: ResourceGuard) {
    if (new URL(guard.resource).pathname.split('/').length > DEEPEST + 1)
      throw new TypeError(`the path of resource must not have more than ${DEEPEST} segments`);
  }

  @Public()
  @Get(PATHS)
  metadata(
    @Req() request: IncomingMessage & { readonly originalUrl?: string },
    @Res() response: ServerResponse,
  ): void {
    const path = (request.originalUrl ?? request.url ?? '').split('?', 1)[0] ?? '';
    if (!this.guard.metadataPaths.includes(path)) throw new ToolgateError('not_found');
    writeNestAnswer(response, metadataAnswer(this.guard.metadata));
  }
}
