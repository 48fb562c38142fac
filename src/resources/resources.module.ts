import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DATA_SOURCE } from '../database/data-source-name.js';
import { OpsModule } from '../ops/ops.module.js';
import { ResourceRow } from './resource.entity.js';
import { ResourcesController } from './resources.controller.js';
import { ResourcesRepository } from './resources.repository.js';

/**
 * Owns the table of resources: the MCP servers that tokens are issued for, their scopes and what their tools do.
 * Does not own the built-in MCP server (mcp/), which enters itself here at the start.
 */
@Module({
  imports: [OpsModule, TypeOrmModule.forFeature([ResourceRow], DATA_SOURCE)],
  controllers: [ResourcesController],
  providers: [ResourcesRepository],
  exports: [ResourcesRepository],
})
export class ResourcesModule {}
