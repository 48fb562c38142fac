import { createServer } from 'node:http';
import { toNodeHandler } from '@modelcontextprotocol/node';
import { createMcpHandler } from '@modelcontextprotocol/server';
import { createResourceGuard, principalOf } from 'toolgate/guard';
import { type GuardedIncomingMessage, guardNode } from 'toolgate/node';
import { notesServer, SCOPES_OF_TOOLS } from './notes.js';

const { ISSUER = '', RESOURCE = '', CLIENT_ID = '', CLIENT_SECRET = '', PORT = '3000' } = process.env;

const guard = createResourceGuard({
  issuer: ISSUER,
  resource: RESOURCE,
  scopes: ['notes:read', 'notes:write'],
  resourceName: 'Notes',
  introspection: { clientId: CLIENT_ID, clientSecret: CLIENT_SECRET },
});
const answered = guardNode(guard, { tools: SCOPES_OF_TOOLS });

// A server object for each request, with the tools that its caller may use.
const mcp = toNodeHandler(createMcpHandler(({ authInfo }) => notesServer(principalOf(authInfo), guard)));

createServer(async (request: GuardedIncomingMessage, response) => {
  if (await answered(request, response)) return; // with the metadata, or a refusal
  if (new URL(request.url ?? '', RESOURCE).pathname === '/mcp') await mcp(request, response, request.body);
  else response.writeHead(404).end();
}).listen(Number(PORT), () => console.log(`Connect an MCP client to ${RESOURCE}`));
