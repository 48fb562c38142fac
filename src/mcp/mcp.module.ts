import { Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import { OpsModule } from '../ops/ops.module.js';
import { ResourcesModule } from '../resources/resources.module.js';
import { BuiltInResource } from './built-in-resource.js';
import { McpController } from './mcp.controller.js';
import { McpServing } from './mcp-server.js';
import { Note } from './notes/note.entity.js';
import { NotesRepository } from './notes/notes.repository.js';
import { NotesTools } from './notes/notes.tools.js';
import { Policies } from './policies/policy-set.js';
import { WriteHoursPolicy } from './policies/write-hours.policy.js';
import { ResourceMetadataController } from './resource-metadata.controller.js';
import { ToolRegistry } from './tool-registry.js';
import { WhoamiTool } from './whoami.tool.js';

/**
 * Owns the guarded MCP endpoint and all that is decided about one call, `@Tool`, policies, the registry, the resource metadata, and the tools that ship with the service.
 * Does not own authentication: a principal is on the request before anything here runs (auth/).
 */
@Module({
  imports: [DiscoveryModule, OpsModule, ResourcesModule, TypeOrmModule.forFeature([Note])],
  controllers: [McpController, ResourceMetadataController],
  providers: [
    BuiltInResource,
    McpServing,
    NotesRepository,
    NotesTools,
    Policies,
    ToolRegistry,
    WhoamiTool,
    WriteHoursPolicy,
  ],
  exports: [ToolRegistry],
})
export class McpModule {}
