import { Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import { McpController } from './mcp.controller.js';
import { McpServing } from './mcp-server.js';
import { Note } from './notes/note.entity.js';
import { NotesRepository } from './notes/notes.repository.js';
import { NotesTools } from './notes/notes.tools.js';
import { ResourceMetadataController } from './resource-metadata.controller.js';
import { ToolRegistry } from './tool-registry.js';
import { WhoamiTool } from './whoami.tool.js';

/**
 * Owns the guarded MCP endpoint, `@Tool`, the registry, the resource metadata, and the tools that ship with the service.
 * Does not own authentication: a principal is on the request before anything here runs (auth/).
 */
@Module({
  imports: [DiscoveryModule, TypeOrmModule.forFeature([Note])],
  controllers: [McpController, ResourceMetadataController],
  providers: [McpServing, NotesRepository, NotesTools, ToolRegistry, WhoamiTool],
  exports: [ToolRegistry],
})
export class McpModule {}
