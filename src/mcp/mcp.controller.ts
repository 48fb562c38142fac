import { Body, Controller, Delete, Get, Post, Req, Res, UseGuards } from '@nestjs/common';
import { ApiBody, ApiExcludeEndpoint, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Caller } from '../access/decorators.js';
import type { Principal } from '../access/principal.js';
import type { Config } from '../config/config.js';
import { InjectConfig } from '../config/config.token.js';
import { ToolgateError } from '../errors/toolgate-error.js';
import { McpServing } from './mcp-server.js';
import { PlainAnswers } from './plain-answers.js';
import { plainRequest } from './plain-request.js';
import { OriginGuard } from './origin.guard.js';
import { ToolScopeGuard } from './tool-scope.guard.js';

/** A tool gets the principal and never the credential, so that none can pass it upstream (spec R7). */
const CREDENTIALS: ReadonlySet<string> = new Set(['authorization', 'x-api-key', 'cookie']);

/** Streamable HTTP for clients of 2026-07-28 and, without sessions, of the 2025 revisions. */
@ApiTags('MCP')
@Controller('mcp')
@UseGuards(OriginGuard)
export class McpController {
  constructor(
    private readonly serving: McpServing,
    private readonly plain: PlainAnswers,
    @InjectConfig() private readonly config: Config,
  ) {}

  @Post()
  @UseGuards(ToolScopeGuard)
  @ApiOperation({ summary: 'One MCP message (Streamable HTTP, JSON-RPC 2.0)' })
  @ApiBody({
    schema: {
      type: 'object',
      required: ['jsonrpc', 'method'],
      properties: {
        jsonrpc: { type: 'string', enum: ['2.0'] },
        id: {},
        method: { type: 'string' },
        params: { type: 'object' },
      },
      example: { jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} },
    },
  })
  @ApiResponse({ status: 200, description: 'The JSON-RPC answer, as JSON or as an event stream' })
  async post(
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
    @Body() body: unknown,
    @Caller() caller: Principal,
  ) {
    const plain = plainRequest(body, request.headers);
    const answer = plain && (await this.plain.answer(plain, caller));
    if (answer !== undefined) {
      await reply.status(200).type('application/json').send(answer);
      return;
    }
    const gone = new AbortController();
    reply.raw.once('close', () => {
      gone.abort();
    });
    const headers = Object.entries(request.headers).flatMap(([name, value]) =>
      CREDENTIALS.has(name) ? [] : [value ?? []].flat().map((one): [string, string] => [name, one]),
    );
    const web = new Request(this.config.resource, { method: 'POST', headers, signal: gone.signal });
    const made = await this.serving.answer(web, body, caller);
    if (plain && plain.tool === undefined) await this.plain.remember(plain, caller, made.clone());
    await reply.send(made);
  }

  /** No stream to listen on and no session to end: every request stands alone. */
  @Get()
  @ApiExcludeEndpoint()
  get(): never {
    throw new ToolgateError('method_not_allowed', { headers: { Allow: 'POST' } });
  }

  @Delete()
  @ApiExcludeEndpoint()
  delete(): never {
    throw new ToolgateError('method_not_allowed', { headers: { Allow: 'POST' } });
  }
}
