import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { metadataAnswer } from '../../guard/metadata.js';
import type { ResourceGuard } from '../../guard/resource-guard.js';
import type { IdentityAssertions } from './assertions.js';
import { McpProxy, type McpProxyParts } from './mcp-proxy.js';

export interface ProxyServerParts extends McpProxyParts {
  readonly guard: ResourceGuard;
  readonly assertions: IdentityAssertions;
  readonly host: string;
  readonly port: number;
}

export interface RunningProxy {
  readonly port: number;
  /** Streams get until then to end by themselves. */
  close(graceMs: number): Promise<void>;
}

export const JWKS_PATH = '/.well-known/toolgate-guard-jwks.json';
const HEADERS_TIMEOUT_MS = 30_000;
/** How often Node looks for connections past their time. */
const CHECKING_MS = 5000;

// Open where no cookie counts: what a browser-based client reads or calls with its own credential.
const CORS = {
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Expose-Headers': 'WWW-Authenticate, Mcp-Session-Id, Retry-After',
};
const PREFLIGHT = {
  ...CORS,
  'Access-Control-Allow-Methods': 'GET, POST, DELETE',
  'Access-Control-Allow-Headers':
    'Authorization, Content-Type, X-API-Key, MCP-Protocol-Version, Mcp-Session-Id, Mcp-Method, Mcp-Name, Last-Event-ID',
  'Access-Control-Max-Age': '600',
};

/** The guard as a server: the MCP endpoint, the metadata, the keys of its assertions, and its health. */
export async function startProxy(parts: ProxyServerParts): Promise<RunningProxy> {
  const proxy = new McpProxy(parts);
  const endpoint = new URL(parts.guard.resource).pathname;
  const json = (
    response: ServerResponse,
    status: number,
    body: object,
    headers: Record<string, string> = {},
  ) =>
    response
      .writeHead(status, { 'Content-Type': 'application/json', ...CORS, ...headers })
      .end(JSON.stringify(body));

  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const path = (request.url ?? '').split('?', 1)[0] ?? '';
    if (request.method === 'OPTIONS') {
      response.writeHead(204, PREFLIGHT).end();
      return;
    }
    if (path === endpoint) {
      for (const [name, value] of Object.entries(CORS)) response.setHeader(name, value);
      await proxy.handle(request, response);
      return;
    }
    const reading = request.method === 'GET' || request.method === 'HEAD';
    if (reading && parts.guard.metadataPaths.includes(path)) {
      const { status, headers, body } = metadataAnswer(parts.guard.metadata);
      response.writeHead(status, headers).end(body);
    } else if (reading && path === JWKS_PATH) {
      json(response, 200, parts.assertions.jwks(), { 'Cache-Control': 'public, max-age=300' });
    } else if (reading && path === '/healthz') {
      json(response, 200, { status: 'ok' }, { 'Cache-Control': 'no-store' });
    } else {
      if (!request.complete) response.setHeader('Connection', 'close');
      json(response, 404, {
        error: 'not_found',
        error_description: `There is nothing here. The MCP endpoint is ${endpoint}.`,
      });
    }
  };

  const server = createServer(
    {
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: HEADERS_TIMEOUT_MS,
      connectionsCheckingInterval: CHECKING_MS,
    },
    (request, response) => {
      void answer(request, response);
    },
  );
  server.listen(parts.port, parts.host);
  await new Promise<void>((resolve, reject) => {
    server.once('listening', resolve).once('error', reject);
  });
  return {
    port: (server.address() as AddressInfo).port,
    async close(graceMs) {
      const impatience = setTimeout(() => {
        server.closeAllConnections();
      }, graceMs);
      await new Promise((resolve) => server.close(resolve));
      clearTimeout(impatience);
      await parts.upstream.close();
    },
  };
}
