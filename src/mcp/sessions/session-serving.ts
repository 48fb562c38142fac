import { Injectable } from '@nestjs/common';
import {
  classifyInboundRequest,
  isJSONRPCNotification,
  isJSONRPCRequest,
  isJSONRPCResponse,
  isJSONRPCResultResponse,
  SUPPORTED_PROTOCOL_VERSIONS,
} from '@modelcontextprotocol/server';
import type { IncomingHttpHeaders } from 'node:http';
import type { Principal } from '../../access/principal.js';
import { ToolgateError } from '../../errors/toolgate-error.js';
import { Listeners } from './listeners.js';
import { Resumption } from './resumption.js';
import { SessionCalls } from './session-calls.js';
import { McpSessionsRepository, type Session } from './sessions.repository.js';
import { parseEventId } from './sse-stream.js';

export interface Incoming {
  readonly headers: IncomingHttpHeaders;
  readonly principal: Principal;
  /** Aborted when the connection is. */
  readonly gone: AbortSignal;
}

/** What is kept of an `initialize`: any larger is not a description of a client. */
const LARGEST_INITIALIZE = 64 * 1024;

/** The Streamable HTTP transport of 2025-11-25 and before, as far as it has sessions. */
@Injectable()
export class SessionServing {
  constructor(
    private readonly sessions: McpSessionsRepository,
    private readonly calls: SessionCalls,
    private readonly listeners: Listeners,
    private readonly resumption: Resumption,
  ) {}

  /** Only an `initialize` or a session id makes a POST a matter of sessions, and then only if it is not of 2026-07-28. */
  takes(headers: IncomingHttpHeaders, body: unknown): boolean {
    const begins = (body as { method?: unknown } | undefined)?.method === 'initialize';
    if (!begins && headers['mcp-session-id'] === undefined) return false;
    const route = classifyInboundRequest({
      httpMethod: 'POST',
      body,
      ...named('protocolVersionHeader', headers['mcp-protocol-version']),
      ...named('mcpMethodHeader', headers['mcp-method']),
      ...named('mcpNameHeader', headers['mcp-name']),
    });
    return route.kind === 'legacy';
  }

  /** @throws ToolgateError `not_acceptable`, `unknown_session`, `unsupported_revision`, `malformed_message` */
  async post({ headers, principal, gone }: Incoming, body: unknown): Promise<Response> {
    requireAccepted(headers, ['application/json', 'text/event-stream']);
    if (isJSONRPCRequest(body) && body.method === 'initialize') {
      const answer = await this.calls.initialize(body, principal);
      if (!isJSONRPCResultResponse(answer)) return Response.json(answer);
      const { protocolVersion } = answer.result;
      const { capabilities, clientInfo } = body.params ?? {};
      const initialize = { protocolVersion, capabilities, clientInfo };
      if (JSON.stringify(initialize).length > LARGEST_INITIALIZE)
        throw new ToolgateError('payload_too_large');
      const id = await this.sessions.create(principal, initialize);
      return Response.json(answer, { headers: { 'Mcp-Session-Id': id } });
    }
    const session = await this.sessionOf(headers, principal);
    if (isJSONRPCRequest(body)) return this.calls.answer(session, body, principal, gone);
    if (!isJSONRPCNotification(body) && !isJSONRPCResponse(body))
      throw new ToolgateError('malformed_message');
    await this.calls.hear(session, body);
    return new Response(null, { status: 202 });
  }

  /** @throws ToolgateError `not_acceptable`, `session_required`, `unknown_session`, `unknown_event` */
  async get({ headers, principal, gone }: Incoming): Promise<Response> {
    requireAccepted(headers, ['text/event-stream']);
    const session = await this.sessionOf(headers, principal);
    const last = headers['last-event-id'];
    const from = typeof last === 'string' && last !== '' ? parseEventId(last) : undefined;
    if (last !== undefined && last !== '' && !from) throw new ToolgateError('unknown_event');
    const stream =
      from && from.stream !== session.id
        ? await this.resumption.resume(session, principal, from)
        : await this.listeners.listen(session, principal, from?.sequence);
    const end = () => {
      stream.end();
    };
    // It may have gone before there was a stream.
    if (gone.aborted) end();
    gone.addEventListener('abort', end, { once: true });
    return stream.response;
  }

  /** @throws ToolgateError `session_required`, `unknown_session` */
  async delete({ headers, principal }: Incoming): Promise<void> {
    const id = idOf(headers);
    if (!(await this.sessions.end(id, principal))) throw new ToolgateError('unknown_session');
  }

  private async sessionOf(headers: IncomingHttpHeaders, principal: Principal): Promise<Session> {
    const id = idOf(headers);
    const revision = headers['mcp-protocol-version'];
    if (revision !== undefined && !SUPPORTED_PROTOCOL_VERSIONS.includes(String(revision)))
      throw new ToolgateError('unsupported_revision');
    const session = await this.sessions.find(id, principal);
    if (!session) throw new ToolgateError('unknown_session');
    return session;
  }
}

function idOf(headers: IncomingHttpHeaders): string {
  const id = headers['mcp-session-id'];
  if (typeof id !== 'string') throw new ToolgateError('session_required');
  return id;
}

function requireAccepted({ accept = '' }: IncomingHttpHeaders, types: readonly string[]): void {
  const missing = types.filter((type) => !accept.includes(type));
  if (missing.length > 0)
    throw new ToolgateError('not_acceptable', { detail: `Accept must name ${types.join(' and ')}` });
}

const named = <Name extends string>(name: Name, value: string | string[] | undefined) =>
  (typeof value === 'string' ? { [name]: value } : {}) as Partial<Record<Name, string>>;
