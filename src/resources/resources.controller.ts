import { Body, Controller, Delete, Get, Header, HttpCode, Put, Query, Req } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '../ops/api-description.js';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { RequireScope } from '../access/decorators.js';
import type { Config } from '../config/config.js';
import { InjectConfig } from '../config/config.token.js';
import { Clock } from '../crypto/clock.js';
import { ToolgateError } from '../errors/toolgate-error.js';
import { noteForAudit } from '../ops/audit/audit-note.js';
import { Audited } from '../ops/audit/audited.js';
import { canonicalResource, type Resource } from './resource.js';
import { ResourceBody } from './resource-body.js';
import { ResourcesRepository } from './resources.repository.js';

const ResourcesAnswer = z.object({ resources: z.array(ResourceBody) });

const view = ({
  identifier,
  name,
  scopes,
  defaultScopes,
  tools,
}: Resource): z.output<typeof ResourceBody> => ({
  identifier,
  name,
  scopes: [...scopes],
  default_scopes: [...defaultScopes],
  tools: tools.map((tool) => ({ ...tool, scopes: [...tool.scopes] })),
});

/** The MCP servers that this service issues tokens for. */
@ApiTags('Administration')
@Controller('admin/resources')
@RequireScope('admin')
export class ResourcesController {
  constructor(
    private readonly resources: ResourcesRepository,
    private readonly clock: Clock,
    @InjectConfig() private readonly config: Config,
  ) {}

  @Get()
  @Header('Cache-Control', 'no-store')
  @ApiOperation({ summary: 'List the resources' })
  @ApiResponse({ status: 200, description: 'The built-in one first', standardSchema: ResourcesAnswer })
  async list(): Promise<z.input<typeof ResourcesAnswer>> {
    return { resources: (await this.resources.all()).map(view) };
  }

  @Put()
  @Audited('resource.saved')
  @Header('Cache-Control', 'no-store')
  @ApiOperation({ summary: 'Add a resource, or replace the one with this identifier' })
  @ApiResponse({ status: 200, description: 'The resource', standardSchema: ResourceBody })
  async save(
    @Body({ schema: ResourceBody }) body: z.output<typeof ResourceBody>,
    @Req() request: FastifyRequest,
  ) {
    noteForAudit(request, { object: body.identifier });
    const { default_scopes: defaultScopes, ...rest } = body;
    const resource: Resource = { ...rest, identifier: this.changeable(body.identifier), defaultScopes };
    const unknown = defaultScopes.filter((scope) => !body.scopes.some(({ name }) => name === scope));
    if (unknown.length > 0)
      throw new ToolgateError('invalid_scope', {
        detail: `default_scopes not in scopes: ${unknown.join(' ')}`,
      });
    await this.resources.save(resource, this.clock.now());
    return view(resource);
  }

  @Delete()
  @Audited('resource.removed')
  @HttpCode(204)
  @ApiOperation({ summary: 'Remove a resource, and end all that was granted at it' })
  @ApiResponse({ status: 204, description: 'Removed' })
  async remove(@Query('identifier') identifier: unknown, @Req() request: FastifyRequest): Promise<void> {
    if (typeof identifier === 'string') noteForAudit(request, { object: identifier });
    if (
      typeof identifier !== 'string' ||
      !(await this.resources.remove(this.changeable(identifier), this.clock.now()))
    )
      throw new ToolgateError('not_found', { detail: 'There is no resource with this identifier.' });
  }

  /** The built-in one follows its tools. */
  private changeable(identifier: string): string {
    const canonical = canonicalResource(identifier) ?? identifier;
    if (canonical === this.config.resource)
      throw new ToolgateError('not_allowed', { detail: 'The built-in resource cannot be changed.' });
    return canonical;
  }
}
