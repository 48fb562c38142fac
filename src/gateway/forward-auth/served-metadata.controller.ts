import { Controller, Get, Header, Headers, Query } from '@nestjs/common';
import { ApiHeader, ApiOperation, ApiQuery, ApiResponse, ApiTags } from '../../ops/api-description.js';
import { z } from 'zod';
import { Public } from '../../access/decorators.js';
import type { Config } from '../../config/config.js';
import { InjectConfig } from '../../config/config.token.js';
import { metadataOf } from '../../guard/metadata.js';
import type { ResourceMetadata } from '../../guard/resource-guard.js';
import { ResourcesRepository } from '../../resources/resources.repository.js';
import { requireResource } from './protected-resource.js';

const Metadata = z.object({
  resource: z.url(),
  authorization_servers: z.array(z.url()),
  scopes_supported: z.array(z.string()),
  bearer_methods_supported: z.array(z.string()),
  resource_name: z.string(),
});

/**
 * The metadata of another server (RFC 9728), for the proxy before it to serve at that server's well-known path. The header is for
 * proxies that can set one, but no query; it goes first, for they pass on the client's query.
 */
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
  @Header('Vary', 'X-Toolgate-Resource')
  @ApiOperation({ summary: 'What protects a resource (RFC 9728), for its proxy to serve' })
  @ApiQuery({
    name: 'resource',
    required: false,
    description: 'A known resource',
    schema: { type: 'string' },
  })
  @ApiHeader({ name: 'X-Toolgate-Resource', required: false, description: 'The same, in place of the query' })
  @ApiResponse({ status: 200, description: 'The metadata', standardSchema: Metadata })
  @ApiResponse({ status: 422, description: 'No such resource' })
  async get(
    @Query('resource') inQuery: unknown,
    @Headers('x-toolgate-resource') inHeader: unknown,
  ): Promise<ResourceMetadata> {
    const { identifier, name, scopes } = await requireResource(this.resources, inHeader ?? inQuery);
    return metadataOf({
      issuer: this.config.issuer,
      resource: identifier,
      resourceName: name,
      scopes: scopes.map((scope) => scope.name),
    });
  }
}
