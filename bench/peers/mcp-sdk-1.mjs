import { InvalidTokenError } from '@modelcontextprotocol/sdk/server/auth/errors.js';
import { requireBearerAuth } from '@modelcontextprotocol/sdk/server/auth/middleware/bearerAuth.js';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import express from 'express';
import { answers, jwks, verify, whoami } from './mcp.mjs';
import { port, ready } from './worker.mjs';

/* The SDK of the 2025 revisions, stateless, as its documentation shows it: a server and a transport for each request. */
const verifier = {
  async verifyAccessToken(token) {
    try {
      const { sub, sid, client_id, scope, exp } = await verify(token);
      return { token, clientId: client_id, scopes: scope.split(' '), expiresAt: exp, extra: { sub, sid } };
    } catch (error) {
      throw new InvalidTokenError(error.message);
    }
  },
};

function newServer() {
  const server = new McpServer({ name: 'peer', version: '1.0.0' });
  server.registerTool('whoami', { description: 'Who calls' }, ({ authInfo }) =>
    whoami({ ...authInfo.extra, client_id: authInfo.clientId, scopes: authInfo.scopes }),
  );
  return server;
}

const app = express();
app.use(express.json());
app.get('/jwks', (_request, response) => void response.json(jwks));
app.post(
  '/mcp',
  requireBearerAuth({ verifier, requiredScopes: ['notes:read'] }),
  async (request, response) => {
    const server = newServer();
    const transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: undefined,
      enableJsonResponse: true,
    });
    response.on('close', () => {
      void transport.close();
      void server.close();
    });
    await server.connect(transport);
    await transport.handleRequest(request, response, request.body);
  },
);
app.listen(port, '127.0.0.1', () => ready(answers));
