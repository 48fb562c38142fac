import { Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import { ResourcesModule } from '../resources/resources.module.js';
import { BuiltInResource } from './built-in-resource.js';
import { McpController } from './mcp.controller.js';
import { McpServing } from './mcp-server.js';
import { Note } from './notes/note.entity.js';
import { NotesRepository } from './notes/notes.repository.js';
import { NotesTools } from './notes/notes.tools.js';
import { PlainAnswers } from './plain-answers.js';
import { ToolCalls } from './tool-calls.js';
import { ResourceMetadataController } from './resource-metadata.controller.js';
import { ToolRegistry } from './tool-registry.js';
import { WhoamiTool } from './whoami.tool.js';

/**
 * Owns the guarded MCP endpoint, `@Tool`, the registry, the resource metadata, and the tools that ship with the service.
 * Does not own authentication: a principal is on the request before anything here runs (auth/).
 */
@Module({
  imports: [DiscoveryModule, ResourcesModule, TypeOrmModule.forFeature([Note])],
  controllers: [McpController, ResourceMetadataController],
  providers: [
    BuiltInResource,
    McpServing,
    NotesRepository,
    NotesTools,
    PlainAnswers,
    ToolCalls,
    ToolRegistry,
    WhoamiTool,
  ],
  exports: [ToolRegistry],
})
export class McpModule {}
