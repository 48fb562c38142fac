import { Injectable, Logger } from '@nestjs/common';
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server';
import type { Principal } from '../access/principal.js';
import { VERSION } from '../config/version.js';
import { type RegisteredTool, ToolRegistry } from './tool-registry.js';
import { ToolRefusal } from './tool.decorator.js';

/** The MCP side of the endpoint: one server object per request, with the tools its caller may see. */
@Injectable()
export class McpServing {
  private readonly log = new Logger(McpServing.name);
  private readonly handler = createMcpHandler(
    ({ authInfo }) => this.serverFor((authInfo?.extra as { principal: Principal }).principal),
    {
      onerror: (error) => {
        this.log.debug(`MCP: ${error.message}`);
      },
    },
  );

  constructor(private readonly registry: ToolRegistry) {}

  /** The raw token stays behind: tools get the principal. */
  async answer(request: Request, body: unknown, principal: Principal): Promise<Response> {
    return this.handler.fetch(request, {
      parsedBody: body,
      authInfo: { token: '', clientId: principal.kind, scopes: [...principal.scopes], extra: { principal } },
    });
  }

  private serverFor(principal: Principal): McpServer {
    const server = new McpServer({ name: 'toolgate', version: VERSION }, { capabilities: { tools: {} } });
    for (const tool of this.registry.visibleTo(principal)) {
      const { title, description, annotations, input, output } = tool;
      server.registerTool(
        tool.name,
        { title, description, annotations, inputSchema: input, outputSchema: output },
        (args) => this.call(tool, args, principal),
      );
    }
    return server;
  }

  private async call(tool: RegisteredTool, input: unknown, principal: Principal) {
    try {
      const output = await tool.handle(input, { principal });
      return {
        content: [{ type: 'text' as const, text: JSON.stringify(output) }],
        structuredContent: output,
      };
    } catch (error) {
      if (!(error instanceof ToolRefusal)) this.log.error(error, `tool ${tool.name} failed`);
      const text =
        error instanceof ToolRefusal ? error.message : 'The tool failed on our side. Try again later.';
      return { content: [{ type: 'text' as const, text }], isError: true };
    }
  }
}
