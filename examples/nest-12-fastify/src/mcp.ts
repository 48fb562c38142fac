import { Controller } from '@nestjs/common';
import { McpHttpControllerFor, McpStrategy, StreamableHttpTransport } from '@rekog/mcp-nest';

const transport = new StreamableHttpTransport();

export const mcp = new McpStrategy({
  name: 'notes',
  version: '1.0.0',
  transports: [transport],
  // Lists differ from caller to caller.
  cacheHints: { 'tools/list': { cacheScope: 'private' } },
});

/** A route of Nest, so that the guard stands before it: one that the transport mounts by itself would be open. */
@Controller('mcp')
export class McpRoute extends McpHttpControllerFor(transport) {}
