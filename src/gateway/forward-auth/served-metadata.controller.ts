import { Controller, Get, Header, Query } from '@nestjs/common';
import { ApiOperation, ApiQuery, ApiResponse, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { Public } from '../../access/decorators.js';
import type { Config } from '../../config/config.js';
import { InjectConfig } from '../../config/config.token.js';
import { ResourcesRepository } from '../../resources/resources.repository.js';
import { metadataOf, requireResource } from './protected-resource.js';

const Metadata = z.object({
  resource: z.url(),
  authorization_servers: z.array(z.url()),
  scopes_supported: z.array(z.string()),
  bearer_methods_supported: z.array(z.string()),
  resource_name: z.string(),
});

/** The metadata of another server (RFC 9728), for the proxy before it to serve at that server's well-known path. */
@ApiTags('Gateway')
@Controller('resource-metadata')
@Public()
export class ServedMetadataController {
  constructor(
    private readonly resources: ResourcesRepository,
    @InjectConfig() private readonly config: Config,
  ) {}

  @Get()
  @Header('Cache-Control', 'public, max-age=300')
  @ApiOperation({ summary: 'What protects a resource (RFC 9728), for its proxy to serve' })
  @ApiQuery({ name: 'resource', description: 'A known resource', schema: { type: 'string' } })
  @ApiResponse({ status: 200, description: 'The metadata', standardSchema: Metadata })
  @ApiResponse({ status: 422, description: 'No such resource' })
  async get(@Query('resource') named: unknown): Promise<z.input<typeof Metadata>> {
    return metadataOf(await requireResource(this.resources, named), this.config.issuer);
  }
}
