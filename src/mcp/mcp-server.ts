import { type BeforeApplicationShutdown, Injectable, Logger } from '@nestjs/common';
import { createMcpHandler } from '@modelcontextprotocol/server';
import type { Principal } from '../access/principal.js';
import { ServerFactory } from './server-factory.js';
import { authInfoOf, type Serving } from './serving.js';

/** Requests that stand alone: all of 2026-07-28, and those of the 2025 revisions that name no session. */
@Injectable()
export class McpServing implements BeforeApplicationShutdown {
  private readonly log = new Logger(McpServing.name);
  private readonly handler = createMcpHandler(
    ({ authInfo }) => this.servers.serverFor(authInfo?.extra as unknown as Serving),
    {
      onerror: (error) => {
        this.log.debug(`MCP: ${error.message}`);
      },
    },
  );

  constructor(private readonly servers: ServerFactory) {}

  async answer(request: Request, body: unknown, principal: Principal): Promise<Response> {
    const authInfo = authInfoOf({ principal, message: body ?? {} });
    return this.handler.fetch(request, { parsedBody: body, authInfo });
  }

  /** Before the HTTP server waits for its connections: an open subscription stream would never end by itself. */
  async beforeApplicationShutdown(): Promise<void> {
    await this.handler.close();
  }
}
