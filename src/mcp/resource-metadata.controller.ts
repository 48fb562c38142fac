import { Controller, Get, Header } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '../ops/api-description.js';
import { z } from 'zod';
import { Public } from '../access/decorators.js';
import type { Config } from '../config/config.js';
import { InjectConfig } from '../config/config.token.js';
import { ToolRegistry } from './tool-registry.js';

const Metadata = z.object({
  resource: z.url(),
  authorization_servers: z.array(z.url()),
  scopes_supported: z.array(z.string()),
  bearer_methods_supported: z.array(z.string()),
  resource_name: z.string(),
  resource_documentation: z.url(),
});

@ApiTags('Discovery')
@Controller('.well-known/oauth-protected-resource')
export class ResourceMetadataController {
  constructor(
    private readonly registry: ToolRegistry,
    @InjectConfig() private readonly config: Config,
  ) {}

  /** At the root form and, as RFC 9728 section 3.1 puts it, with the resource's path inserted. */
  @Public()
  @Get(['', 'mcp'])
  @Header('Cache-Control', 'public, max-age=300')
  @ApiOperation({ summary: 'What protects /mcp (RFC 9728)' })
  @ApiResponse({ status: 200, description: 'The metadata', standardSchema: Metadata })
  metadata(): z.input<typeof Metadata> {
    const { issuer, resource } = this.config;
    return {
      resource,
      authorization_servers: [issuer],
      scopes_supported: this.registry.scopes(),
      bearer_methods_supported: ['header'],
      resource_name: 'Toolgate',
      resource_documentation: `${issuer}/docs`,
    };
  }
}
