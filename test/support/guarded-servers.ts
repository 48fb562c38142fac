import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Body, Controller, Get, HttpCode, Module, Post } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import express from 'express';
import Fastify from 'fastify';
import { Public } from '../../src/access/decorators.js';
import { ScopeRules } from '../../src/access/scope-rules.js';
import type { Principal } from '../../src/access/principal.js';
import type { AdmittedRequest } from '../../src/guard/auth-info.js';
import { createResourceGuard, type ResourceGuardOptions } from '../../src/guard/create-guard.js';
import { guardExpress } from '../../src/guard/express.js';
import { guardFastify } from '../../src/guard/fastify.js';
import { guardNode } from '../../src/guard/node.js';
import { Caller } from '../../src/nest/caller.js';
import { RequireScope } from '../../src/nest/require-scope.js';
import { ToolgateModule } from '../../src/nest/toolgate.module.js';

export const TOOLS = { pages_list: ['pages:read'], pages_write: ['pages:write'] };

/** The least that answers like an MCP server, and says who called. */
function answerMcp(body: unknown, principal: Principal | undefined): object {
  const { id, method, params } = (body ?? {}) as {
    id?: number;
    method?: string;
    params?: { name?: string };
  };
  const tools = Object.entries(TOOLS)
    .filter(([, needed]) => new ScopeRules().missing(principal?.scopes ?? [], needed).length === 0)
    .map(([name]) => ({ name, inputSchema: { type: 'object' } }));
  const result =
    method === 'tools/list'
      ? { tools }
      : { content: [{ type: 'text', text: `${params?.name} for ${principal?.kind}` }] };
  return { jsonrpc: '2.0', id, result };
}

export interface RunningServer {
  stop(): Promise<void>;
}
type Start = (options: ResourceGuardOptions, port: number) => Promise<RunningServer>;

const listening = async (server: Server, port: number): Promise<RunningServer> => {
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    stop: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => {
          resolve();
        });
      }),
  };
};

export const startNode: Start = async (options, port) => {
  const guard = guardNode(createResourceGuard(options), { tools: TOOLS });
  const serve = async (
    request: IncomingMessage & AdmittedRequest & { body?: unknown },
    response: ServerResponse,
  ) => {
    if (await guard(request, response)) return;
    response.setHeader('Content-Type', 'application/json');
    response.end(JSON.stringify(answerMcp(request.body, request.principal)));
  };
  return listening(
    createServer((request, response) => void serve(request, response)),
    port,
  );
};

const expressWith =
  (parsed: boolean): Start =>
  async (options, port) => {
    const app = express();
    if (parsed) app.use(express.json());
    app.use(guardExpress(createResourceGuard(options), { tools: TOOLS }));
    app.post('/mcp', (request, response) => {
      response.json(answerMcp(request.body, (request as AdmittedRequest).principal));
    });
    return listening(createServer(app), port);
  };
export const startExpress = expressWith(false);
export const startExpressWithJson = expressWith(true);

export const startFastify: Start = async (options, port) => {
  const app = Fastify();
  guardFastify(app, createResourceGuard(options), { tools: TOOLS });
  app.post('/mcp', (request) => answerMcp(request.body, (request as AdmittedRequest).principal));
  await app.listen({ port, host: '127.0.0.1' });
  return { stop: () => app.close() };
};

@Controller()
class NestController {
  @Post('mcp')
  @HttpCode(200)
  mcp(@Body() body: unknown, @Caller() caller: Principal) {
    return answerMcp(body, caller);
  }

  @Get('written')
  @RequireScope('pages:write')
  written(@Caller() { kind }: Principal) {
    return { kind };
  }

  @Public()
  @Get('open')
  open() {
    return { open: true };
  }

  @Public()
  @Get('broken')
  broken() {
    throw new Error('of the application itself');
  }
}

export const startNest: Start = async (options, port) => {
  @Module({
    imports: [
      ToolgateModule.forRootAsync({ useFactory: () => Promise.resolve({ ...options, tools: TOOLS }) }),
    ],
    controllers: [NestController],
  })
  class App {}
  const app = await NestFactory.create(App, new FastifyAdapter(), { logger: false });
  await app.listen(port, '127.0.0.1');
  return { stop: () => app.close() };
};
