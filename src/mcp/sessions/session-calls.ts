import { type BeforeApplicationShutdown, Injectable, Logger } from '@nestjs/common';
import {
  isJSONRPCNotification,
  isJSONRPCResponse,
  type JSONRPCMessage,
  type JSONRPCRequest,
  type McpServer,
  ProtocolError,
  ProtocolErrorCode,
} from '@modelcontextprotocol/server';
import { v4 as uuidv4 } from 'uuid';
import type { Principal } from '../../access/principal.js';
import { ServerFactory } from '../server-factory.js';
import { authInfoOf, type SessionState } from '../serving.js';
import { Call, callOf, type Reply } from './call.js';
import { CallReply } from './call-reply.js';
import { addressOf, Inbox } from './inbox.js';
import { SessionEvents } from './session-events.js';
import { McpSessionsRepository, type Session } from './sessions.repository.js';

/** What the 2025 revisions call it, and as what an older client still asks for it. */
const LATEST = '2025-11-25';
const LONGEST_URI = 2048;

/** Serves the requests of a session, each with a server of its own, and brings to them what the client says meanwhile. */
@Injectable()
export class SessionCalls implements BeforeApplicationShutdown {
  private readonly log = new Logger(SessionCalls.name);
  private readonly running = new Map<string, () => void>();

  constructor(
    private readonly servers: ServerFactory,
    private readonly sessions: McpSessionsRepository,
    private readonly events: SessionEvents,
    private readonly inbox: Inbox,
  ) {}

  /** The answer to `initialize`. There is no session yet, and none is made for an error. */
  async initialize(request: JSONRPCRequest, principal: Principal): Promise<JSONRPCMessage> {
    const session = this.stateOf({ id: '', initialize: {}, logLevel: null });
    const serving = { principal, message: request, session };
    const server = this.connectable(this.servers.serverFor(serving));
    let finish: Reply['finish'] = () => Promise.resolve();
    const answer = new Promise<JSONRPCMessage>((resolve) => {
      finish = (message) => Promise.resolve(message).then(resolve);
    });
    const call = new Call(
      uuidv4(),
      request,
      { add: () => Promise.resolve(), finish },
      { authInfo: authInfoOf(serving) },
    );
    await server.connect(call);
    call.begin();
    try {
      return await answer;
    } finally {
      await server.close();
    }
  }

  async answer(session: Session, request: JSONRPCRequest, principal: Principal, gone: AbortSignal): Promise<Response> {
    const id = uuidv4();
    const serving = { principal, message: request, session: this.stateOf(session) };
    const server = this.connectable(this.servers.serverFor(serving));
    const primed = session.initialize['protocolVersion'] === LATEST;
    const reply = new CallReply(this.events, { sessionId: session.id, stream: id, primed });
    const over = () => {
      stopListening();
      this.running.delete(id);
      void server.close();
    };
    const call = new Call(
      id,
      request,
      { add: (message) => reply.add(message), finish: (message) => reply.finish(message).finally(over) },
      { authInfo: authInfoOf(serving), closeSSEStream: () => void reply.disconnect() },
    );
    const addresses = [addressOf(session.id, 'call', id), addressOf(session.id, 'request', request.id)];
    const stopListening = this.inbox.listen(addresses, (message) => {
      call.hear(message);
      // Who cancels gets no answer (spec 2025-11-25, cancellation), but the connection must not stay.
      if (isJSONRPCNotification(message) && message.method === 'notifications/cancelled')
        void reply.disconnect().finally(over);
    });
    this.running.set(id, over);
    await server.connect(call);
    await call.replay(session.initialize);
    call.begin();
    // A lost connection is not a cancellation: the call goes on, and its stream can be resumed.
    gone.addEventListener('abort', () => void reply.disconnect(), { once: true });
    return reply.response;
  } // prettier-ignore

  /** What is not a request: an answer to one of ours, or news of one of the client's. */
  async hear(session: Session, message: JSONRPCMessage): Promise<void> {
    const address = this.addressee(session.id, message);
    if (address !== undefined) await this.inbox.deliver(session.id, address, message);
  }

  beforeApplicationShutdown(): void {
    for (const over of this.running.values()) over();
  }

  private addressee(sessionId: string, message: JSONRPCMessage): string | undefined {
    if (isJSONRPCResponse(message)) return this.callAddress(sessionId, message.id);
    if (!isJSONRPCNotification(message)) return undefined;
    const { method, params } = message;
    if (method === 'notifications/progress') return this.callAddress(sessionId, params?.['progressToken']);
    if (method === 'notifications/cancelled') return addressOf(sessionId, 'request', params?.['requestId']);
    return undefined;
  }

  private callAddress(sessionId: string, id: unknown): string | undefined {
    const call = callOf(id);
    return call === undefined ? undefined : addressOf(sessionId, 'call', call);
  }

  private connectable(server: McpServer): McpServer {
    server.server.onerror = (error) => {
      this.log.debug(`MCP: ${error.message}`);
    };
    return server;
  }

  private stateOf({ id, initialize, logLevel }: Pick<Session, 'id' | 'initialize' | 'logLevel'>): SessionState {
    return {
      clientCapabilities: initialize['capabilities'] ?? {},
      logLevel: logLevel ?? undefined,
      setLogLevel: (level) => this.sessions.setLogLevel(id, level),
      subscribe: async (uri) => {
        if (!(await this.sessions.subscribe(id, normal(uri))))
          throw new ProtocolError(ProtocolErrorCode.InvalidParams, 'This session has too many subscriptions');
      },
      unsubscribe: (uri) => this.sessions.unsubscribe(id, normal(uri)),
    };
  } // prettier-ignore
}

/** @throws ProtocolError for what is no URI. */
function normal(uri: string): string {
  const href = uri.length <= LONGEST_URI ? URL.parse(uri)?.href : undefined;
  if (href === undefined) throw new ProtocolError(ProtocolErrorCode.InvalidParams, 'The URI is not valid');
  return href;
}
