import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { SCOPE_DESCRIPTIONS } from '../access/scopes.js';
import type { Config } from '../config/config.js';
import { InjectConfig } from '../config/config.token.js';
import { Clock } from '../crypto/clock.js';
import type { DescribedTool, Resource } from '../resources/resource.js';
import { ResourcesRepository } from '../resources/resources.repository.js';
import type { RegisteredTool } from './registered.js';
import { ToolRegistry } from './tool-registry.js';

/** What its annotations promise. Without any, the protocol's default holds: it may destroy (spec: tool annotations). */
function kindOf({ annotations }: RegisteredTool): DescribedTool['kind'] {
  if (annotations?.readOnlyHint) return 'read';
  return annotations?.destructiveHint === false ? 'write' : 'destructive';
}

/** Enters our own MCP server in the table of resources, with the tools it has in this version. */
@Injectable()
export class BuiltInResource implements OnApplicationBootstrap {
  constructor(
    private readonly resources: ResourcesRepository,
    private readonly registry: ToolRegistry,
    private readonly clock: Clock,
    @InjectConfig() private readonly config: Config,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    const scopes = this.registry.scopes();
    const above = this.config.scopes.above(scopes).filter((scope) => !scopes.includes(scope));
    const resource: Resource = {
      identifier: this.config.resource,
      name: 'Toolgate',
      scopes: [...scopes, ...above].map((name) => ({ name, description: SCOPE_DESCRIPTIONS[name] ?? name })),
      defaultScopes: scopes,
      tools: this.registry.all().map((tool) => ({
        name: tool.name,
        title: tool.title ?? tool.name,
        description: tool.description,
        scopes: tool.scopes,
        kind: kindOf(tool),
      })),
    };
    await this.resources.save(resource, this.clock.now());
  }
}
