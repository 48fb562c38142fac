import { type BeforeApplicationShutdown, Injectable, Logger } from '@nestjs/common';
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server';
import type { Principal } from '../access/principal.js';
import { VERSION } from '../config/version.js';
import { ToolCalls } from './tool-calls.js';
import { ToolRegistry } from './tool-registry.js';

/** The MCP side of the endpoint: one server object per request, with the tools its caller may see. */
@Injectable()
export class McpServing implements BeforeApplicationShutdown {
  private readonly log = new Logger(McpServing.name);
  private readonly handler = createMcpHandler(
    ({ authInfo }) => this.serverFor((authInfo?.extra as { principal: Principal }).principal),
    {
      onerror: (error) => {
        this.log.debug(`MCP: ${error.message}`);
      },
    },
  );

  constructor(
    private readonly registry: ToolRegistry,
    private readonly calls: ToolCalls,
  ) {}

  /** The raw token stays behind: tools get the principal. */
  async answer(request: Request, body: unknown, principal: Principal): Promise<Response> {
    return this.handler.fetch(request, {
      parsedBody: body,
      authInfo: { token: '', clientId: principal.kind, scopes: [...principal.scopes], extra: { principal } },
    });
  }

  /** Before the HTTP server waits for its connections: an open subscription stream would never end by itself. */
  async beforeApplicationShutdown(): Promise<void> {
    await this.handler.close();
  }

  private serverFor(principal: Principal): McpServer {
    const server = new McpServer(
      { name: 'toolgate', version: VERSION },
      {
        // A server of one request cannot tell anybody later that its tools changed.
        capabilities: { tools: { listChanged: false } },
        // The list depends on who asks (spec R20).
        cacheHints: { 'tools/list': { cacheScope: 'private' } },
      },
    );
    for (const tool of this.registry.visibleTo(principal)) {
      const { name, input, output, title, description, annotations } = tool;
      const shown = {
        description,
        ...(title !== undefined && { title }),
        ...(annotations && { annotations }),
      };
      server.registerTool(
        name,
        { ...shown, inputSchema: input, ...(output && { outputSchema: output }) },
        (args) => this.calls.call(tool, args, principal),
      );
    }
    return server;
  }
}
