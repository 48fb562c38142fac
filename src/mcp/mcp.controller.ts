import { Body, Controller, Delete, Get, HttpCode, Post, Req, Res, UseGuards } from '@nestjs/common';
import { SUPPORTED_PROTOCOL_VERSIONS } from '@modelcontextprotocol/server';
import { ApiBody, ApiExcludeEndpoint, ApiOperation, ApiResponse, ApiTags } from '../ops/api-description.js';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Caller } from '../access/decorators.js';
import type { Principal } from '../access/principal.js';
import type { Config } from '../config/config.js';
import { InjectConfig } from '../config/config.token.js';
import { ToolgateError } from '../errors/toolgate-error.js';
import { CallGate } from './call.gate.js';
import { goneSignal } from './gone-signal.js';
import { McpServing } from './mcp-server.js';
import { PlainAnswers } from './plain-answers.js';
import { plainRequest } from './plain-request.js';
import { OriginGuard } from './origin.guard.js';
import { SessionServing } from './sessions/session-serving.js';

/** A tool gets the principal and never the credential, so that none can pass it upstream (spec R7). */
const CREDENTIALS: ReadonlySet<string> = new Set(['authorization', 'x-api-key', 'cookie']);

/** Streamable HTTP for clients of 2026-07-28 and of the 2025 revisions, told apart by each request (ADR 0006). */
@ApiTags('MCP')
@Controller('mcp')
@UseGuards(OriginGuard)
export class McpController {
  constructor(
    private readonly serving: McpServing,
    private readonly sessions: SessionServing,
    private readonly plain: PlainAnswers,
    @InjectConfig() private readonly config: Config,
  ) {}

  @Post()
  @UseGuards(CallGate)
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
    const answer = plain && (await this.plain.answer(plain, caller, () => goneSignal(reply.raw)));
    if (answer !== undefined) {
      await reply.status(200).type('application/json').send(answer);
      return;
    }
    const gone = goneSignal(reply.raw);
    if (this.sessions.takes(request.headers, body)) {
      const incoming = { headers: request.headers, principal: caller, gone };
      await reply.send(await this.sessions.post(incoming, body));
      return;
    }
    const headers = Object.entries(request.headers).flatMap(([name, value]) =>
      CREDENTIALS.has(name) ? [] : [value ?? []].flat().map((one): [string, string] => [name, one]),
    );
    const web = new Request(this.config.resource, { method: 'POST', headers, signal: gone });
    const made = await this.serving.answer(web, body, caller);
    if (plain && plain.tool === undefined) await this.plain.remember(plain, caller, made.clone());
    // Of the connection, not of the answer (RFC 9110 section 7.6.1): the SDK would keep one open that its client wants closed.
    made.headers.delete('connection');
    await reply.send(made);
  }

  /** The stream of a session. For anyone else every request stands alone, and there is nothing to listen to. */
  @Get()
  @ApiExcludeEndpoint()
  async get(@Req() request: FastifyRequest, @Res() reply: FastifyReply, @Caller() caller: Principal) {
    const { headers, method } = request;
    if (method === 'HEAD' || !ofSessions(headers)) throw notAllowed();
    const answer = await this.sessions.get({ headers, principal: caller, gone: goneSignal(reply.raw) });
    await reply.send(answer);
  }

  @Delete()
  @HttpCode(204)
  @ApiExcludeEndpoint()
  async delete(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply, @Caller() caller: Principal) {
    const { headers } = request;
    if (!ofSessions(headers)) throw notAllowed();
    await this.sessions.delete({ headers, principal: caller, gone: goneSignal(reply.raw) });
  } // prettier-ignore
}

const notAllowed = () => new ToolgateError('method_not_allowed', { headers: { Allow: 'POST' } });

/** Whoever names a session, or a revision that has them, which 2026-07-28 has not. */
function ofSessions(headers: FastifyRequest['headers']): boolean {
  const revision = headers['mcp-protocol-version'];
  if (revision === undefined) return headers['mcp-session-id'] !== undefined;
  return SUPPORTED_PROTOCOL_VERSIONS.includes(String(revision));
}
