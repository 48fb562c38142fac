// A server of the SDK that speaks both eras: over HTTP (its port comes on standard output) or over standard streams.
import { Buffer } from 'node:buffer';
import { createServer } from 'node:http';
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { z } from 'zod';

const text = (value) => ({ content: [{ type: 'text', text: value }] });
function factory() {
  const server = new McpServer({ name: 'both eras', version: '1' });
  const inputSchema = z.object({});
  server.registerTool('look', { inputSchema, annotations: { readOnlyHint: true } }, () =>
    text(`looked in ${process.pid}`),
  );
  server.registerTool('change', { inputSchema }, () => text('changed'));
  return server;
}

if (process.argv[2] === 'stdio') serveStdio(factory);
else {
  const handler = createMcpHandler(factory);
  const server = createServer(async (incoming, outgoing) => {
    const parts = [];
    for await (const part of incoming) parts.push(part);
    const body = parts.length > 0 ? { body: Buffer.concat(parts) } : {};
    const request = new globalThis.Request(`http://${incoming.headers.host}${incoming.url}`, {
      method: incoming.method,
      headers: incoming.headers,
      ...body,
    });
    const response = await handler.fetch(request);
    outgoing.writeHead(response.status, Object.fromEntries(response.headers));
    for await (const part of response.body ?? []) outgoing.write(part);
    outgoing.end();
  });
  server.listen(0, '127.0.0.1', () => console.log(server.address().port));
}
