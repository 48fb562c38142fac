import type { IncomingMessage, ServerResponse } from 'node:http';
import { requireOneAuthorization } from '../../access/credential.js';
import { originAllowed } from '../../access/origins.js';
import type { Principal } from '../../access/principal.js';
import { CATALOGUE } from '../../errors/catalogue.js';
import { rpcError } from '../../errors/rpc-error.js';
import { ToolgateError } from '../../errors/toolgate-error.js';
import { requestId } from '../../ops/logging.js';
import type { GuardedRequest, ResourceGuard } from '../../guard/resource-guard.js';
import { writeAnswer } from './answer-writer.js';
import type { Authorization } from './authorize.js';
import { CallGate } from './call-gate.js';
import type { CallKeeping, CallOrigin } from './call-keeping.js';
import { clientAddress } from './client-address.js';
import type { EventIds } from './event-ids.js';
import { requireAgreement } from './header-agreement.js';
import { LIST_METHODS, ListFilter } from './list-filter.js';
import { isObject, type Json, type Message, parseMessage } from './message.js';
import { readBody } from './read-body.js';
import { watchAdmission } from './admission-watch.js';
import { passedHeaders } from './request-headers.js';
import { errorMessage, invalidRequest, RpcError, type RpcId } from './rpc-error.js';
import type { SessionIds } from './session-ids.js';
import type { ToolCatalogue } from './tool-catalogue.js';
import type { Forwarded, Upstream, UpstreamAnswer } from './upstream.js';

export interface McpProxyParts {
  readonly guard: ResourceGuard;
  readonly authorization: Authorization;
  readonly tools: ToolCatalogue;
  readonly upstream: Upstream;
  readonly keeping: CallKeeping;
  readonly sessions: SessionIds;
  readonly eventIds: EventIds;
  readonly allowedOrigins: ReadonlySet<string>;
  readonly trustedProxies: readonly string[];
  readonly bodyLimit: number;
  /** How long a caller may take nothing of an answer. */
  readonly patienceMs: number;
  report(what: { error: Error; reason: string }): void;
}

const NO_ROOTS = { code: -32601, message: 'There are no roots here.' };
const LISTENING = 'subscriptions/listen';
const METHODS = ['POST', 'GET', 'DELETE'] as const;

/** One request from end to end: who, from which page, what, may they; only then does anything reach the server behind. */
export class McpProxy {
  private readonly gate: CallGate;

  constructor(private readonly parts: McpProxyParts) {
    this.gate = new CallGate(parts.authorization, parts.keeping);
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const asked: { id: RpcId } = { id: null };
    try {
      await this.serve(request, response, asked);
    } catch (error) {
      this.refuse(request, response, error, asked.id);
    }
    // What is still to be read keeps a connection and its memory.
    if (!response.writableFinished)
      response.setTimeout(this.parts.patienceMs, () => {
        response.destroy();
      });
  }

  private async serve(
    request: IncomingMessage,
    response: ServerResponse,
    asked: { id: RpcId },
  ): Promise<void> {
    const { guard, trustedProxies, allowedOrigins } = this.parts;
    const { headers } = request;
    requireOneAuthorization(request.rawHeaders);
    const address = clientAddress(request, trustedProxies);
    const principal = await guard.authenticate({ headers, address });
    const origin = { principal, address, requestId: requestId(headers) };
    if (!originAllowed(headers.origin, guard.resource, allowedOrigins))
      throw new ToolgateError('origin_not_allowed');
    const method = METHODS.find((one) => one === request.method);
    if (!method) throw new ToolgateError('method_not_allowed', { headers: { Allow: METHODS.join(', ') } });
    const message =
      method === 'POST' ? this.parse(await readBody(request, this.parts.bodyLimit), origin) : undefined;
    if (message) {
      asked.id = message.kind === 'request' ? message.id : null;
      requireAgreement(headers, message);
    }
    const session = this.session(headers['mcp-session-id'], principal);
    if (session === undefined) this.requireOwnStream(method, message, principal);
    if (message) await this.gate.admit(message, origin);

    const gone = new AbortController();
    const stopWatching = watchAdmission(
      () => this.stillAdmitted({ headers, address }, message),
      (refusal) => {
        gone.abort(refusal);
      },
    );
    response.once('close', () => {
      stopWatching();
      if (!response.writableFinished) gone.abort();
    });
    await this.pass(
      {
        method,
        message: message && this.withoutRoots(message),
        session,
        headers: {
          ...passedHeaders(headers, method, message),
          ...(method === 'GET' && this.resumedFrom(headers['last-event-id'], principal, session)),
        },
        principal,
        signal: gone.signal,
      },
      response,
    );
  }

  /** A call that began in time may outlast its token; what listens on may not, nor anything the end of its credential. */
  private async stillAdmitted(caller: GuardedRequest, message: Message | undefined): Promise<void> {
    try {
      const principal = await this.parts.guard.authenticate(caller);
      if (message?.method === LISTENING) await this.parts.authorization.require(message, principal);
    } catch (error) {
      const expired = error instanceof ToolgateError && error.code === 'expired_token';
      if (!expired || message === undefined || message.method === LISTENING) throw error;
    }
  }

  private resumedFrom(
    presented: string | string[] | undefined,
    principal: Principal,
    session: string | undefined,
  ): Record<string, string> {
    if (typeof presented !== 'string' || presented === '') return {};
    return { 'last-event-id': this.parts.eventIds.open(presented, principal, session) };
  }

  private parse(body: Buffer, origin: CallOrigin): Message {
    try {
      return parseMessage(body);
    } catch (error) {
      if (error instanceof ToolgateError && error.code === 'batch_not_served') this.gate.refusedBatch(origin);
      throw error;
    }
  }

  private async pass(forwarded: Forwarded, response: ServerResponse): Promise<void> {
    const { message, method, session, principal, signal } = forwarded;
    const { sessions, eventIds, patienceMs } = this.parts;
    const answer = await this.answerTo(forwarded);
    const newSession = session === undefined ? answer.session : undefined;
    const listing = method === 'GET' || (message !== undefined && LIST_METHODS.has(message.method));
    await writeAnswer(answer, {
      response,
      headers: {
        'Cache-Control': 'no-store',
        ...answer.headers,
        ...(newSession !== undefined && { 'Mcp-Session-Id': sessions.seal(newSession, principal) }),
      },
      id: message?.id ?? null,
      filter: listing ? this.filterFor(principal, message) : undefined,
      idOfEvent: (id) => eventIds.mark(id, principal, session ?? newSession),
      patienceMs,
      acknowledged: message !== undefined && message.kind !== 'request',
      gone: signal,
    });
  }

  /** @throws ToolgateError what the caller was refused for meanwhile */
  private async answerTo(forwarded: Forwarded): Promise<UpstreamAnswer> {
    const { signal } = forwarded;
    let answer: UpstreamAnswer | undefined;
    try {
      answer = await this.parts.upstream.forward(forwarded);
    } catch (error) {
      signal.throwIfAborted();
      throw error;
    }
    if (signal.aborted) answer.body.on('error', () => undefined).destroy();
    signal.throwIfAborted();
    return answer;
  }

  /** A list that a caller asked for from its beginning also tells the guard what there is. */
  private filterFor(principal: Principal, message: Message | undefined): ListFilter {
    const { authorization, tools } = this.parts;
    const whole = message?.method === 'tools/list' && message.params['cursor'] === undefined;
    return new ListFilter(authorization, principal, {
      learn(list, more) {
        if (whole && !more) tools.replace(list);
      },
      changed() {
        tools.expire();
      },
    });
  }

  private session(presented: string | string[] | undefined, principal: Principal): string | undefined {
    if (presented === undefined || typeof presented !== 'string') return undefined;
    return this.parts.sessions.open(presented, principal);
  }

  /** Without a session a stream tells of everything that happens, an answer is to anybody's question, and nothing can end. */
  private requireOwnStream(method: string, message: Message | undefined, principal: Principal): void {
    if (method === 'DELETE') throw invalidRequest('There is no session to end: `Mcp-Session-Id` is missing.');
    if (message && message.kind !== 'response') return;
    const { policy } = this.parts.authorization;
    this.parts.guard.requireScopes(principal, policy.read, `The stream needs: ${policy.read.join(' ')}`);
  }

  /**
   * A server takes the roots of its client for the folders that it may work in, and server-filesystem puts them in the place
   * of those it was started with. A client on the other side of a network has no say in that, unless the policy gives it.
   */
  private withoutRoots(message: Message): Message {
    if (this.parts.authorization.policy.clientRoots) return message;
    const { params, json } = message;
    // Whether it was asked for them or not: an answer without roots is one that a client may give.
    if (isObject(json['result']) && 'roots' in json['result'])
      return { ...message, json: { jsonrpc: '2.0', id: message.id, error: NO_ROOTS } };
    const strip = (holder: unknown, name: string): Json | undefined => {
      if (!isObject(holder) || !isObject(holder[name]) || !('roots' in holder[name])) return undefined;
      const { roots: _, ...capabilities } = holder[name];
      return { ...holder, [name]: capabilities };
    };
    const initialize = message.method === 'initialize' ? strip(params, 'capabilities') : undefined;
    const meta = strip(params['_meta'], 'io.modelcontextprotocol/clientCapabilities');
    if (!initialize && !meta) return message;
    const stripped = { ...params, ...initialize, ...(meta && { _meta: meta }) };
    return { ...message, params: stripped, json: { ...message.json, params: stripped } };
  }

  private refuse(request: IncomingMessage, response: ServerResponse, thrown: unknown, id: RpcId): void {
    if (response.headersSent || response.destroyed) {
      response.destroy();
      return;
    }
    // A body that nobody will read would keep the connection busy: it ends with the answer.
    if (!request.complete) response.setHeader('Connection', 'close');
    if (thrown instanceof RpcError) {
      if (thrown.status >= 500) this.parts.report({ error: thrown, reason: thrown.reason });
      response
        .writeHead(thrown.status, {
          'Content-Type': 'application/json',
          'Cache-Control': 'no-store',
          ...thrown.headers,
        })
        .end(JSON.stringify(errorMessage(id, thrown)));
      return;
    }
    const { status, headers, body } = this.parts.guard.answerFor(thrown);
    // A call that was understood is refused in the client's own protocol, as at the service's own endpoint.
    const rpc =
      thrown instanceof ToolgateError
        ? rpcError(thrown, thrown.options.detail ?? CATALOGUE[thrown.code].title, { method: '', id })
        : undefined;
    response.writeHead(status, headers).end(rpc ? JSON.stringify(rpc) : body);
  }
}
