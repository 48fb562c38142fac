import { Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DATA_SOURCE } from '../database/data-source-name.js';
import { OpsModule } from '../ops/ops.module.js';
import { ResourcesModule } from '../resources/resources.module.js';
import { ApplicationProviders } from './application-providers.js';
import { BuiltInResource } from './built-in-resource.js';
import { CallContexts } from './call-context.js';
import { Handlers } from './handlers.js';
import { McpController } from './mcp.controller.js';
import { McpServing } from './mcp-server.js';
import { PlainAnswers } from './plain-answers.js';
import { Policies } from './policies/policy-set.js';
import { WriteHoursPolicy } from './policies/write-hours.policy.js';
import { ProviderMethods } from './provider-methods.js';
import { ResourceMetadataController } from './resource-metadata.controller.js';
import { ServerFactory } from './server-factory.js';
import { Inbox } from './sessions/inbox.js';
import { Listeners } from './sessions/listeners.js';
import { McpEvent } from './sessions/mcp-event.entity.js';
import { McpInboxMessage } from './sessions/mcp-inbox.entity.js';
import { McpSession } from './sessions/mcp-session.entity.js';
import { McpSessionReaper } from './sessions/reaper.js';
import { Resumption } from './sessions/resumption.js';
import { SessionCalls } from './sessions/session-calls.js';
import { SessionEvents } from './sessions/session-events.js';
import { SessionServing } from './sessions/session-serving.js';
import { McpSessionsRepository } from './sessions/sessions.repository.js';
import { ToolRegistry } from './tool-registry.js';
import { WhoamiTool } from './whoami.tool.js';

/** What clients of the 2025 revisions need kept between their requests. */
const SESSIONS = [
  Inbox,
  Listeners,
  McpSessionReaper,
  McpSessionsRepository,
  Resumption,
  SessionCalls,
  SessionEvents,
  SessionServing,
];

/**
 * Owns the guarded MCP endpoint and its sessions, all that is decided about one call, `@Tool`, `@Prompt`, `@Resource` and
 * policies, the registry of them, and the resource metadata.
 * Does not own authentication: a principal is on the request before anything here runs (auth/).
 */
@Module({
  imports: [
    DiscoveryModule,
    OpsModule,
    ResourcesModule,
    TypeOrmModule.forFeature([McpEvent, McpInboxMessage, McpSession], DATA_SOURCE),
  ],
  controllers: [McpController, ResourceMetadataController],
  providers: [
    ApplicationProviders,
    BuiltInResource,
    CallContexts,
    Handlers,
    McpServing,
    PlainAnswers,
    Policies,
    ProviderMethods,
    ServerFactory,
    ToolRegistry,
    WhoamiTool,
    WriteHoursPolicy,
    ...SESSIONS,
  ],
  exports: [ToolRegistry],
})
export class McpModule {}
