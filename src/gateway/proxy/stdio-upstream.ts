import { randomUUID } from 'node:crypto';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { ownerOf, type Principal } from '../../access/principal.js';
import { VERSION } from '../../config/version.js';
import { ToolgateError } from '../../errors/toolgate-error.js';
import { identityOf } from '../identity.js';
import { listTools } from './list-tools.js';
import type { Json, Message } from './message.js';
import { RpcError, sessionNotFound, upstreamFailed } from './rpc-error.js';
import { StdioChild, type StdioCommand } from './stdio-child.js';
import { Conversation, type ConversationOptions } from './stdio-conversation.js';
import type { Forwarded, Upstream, UpstreamAnswer } from './upstream.js';
import { Readable } from 'node:stream';

export interface StdioUpstreamOptions extends StdioCommand {
  readonly timeoutMs: number;
  readonly idleMs: number;
  /** Processes at one time. */
  readonly most: number;
  readonly mostPerOwner: number;
  toolsChanged(): void;
  log(text: string): void;
}

const MOST_CONVERSATIONS = 10_000;
const OWN_INTRODUCTION: Json = {
  jsonrpc: '2.0',
  method: 'initialize',
  params: {
    protocolVersion: '2025-11-25',
    capabilities: {},
    clientInfo: { name: 'toolgate-guard', version: VERSION },
  },
};

const nothing = (status: number): UpstreamAnswer => ({
  status,
  contentType: undefined,
  session: undefined,
  headers: {},
  body: Readable.from([]),
});

/** A server that speaks over standard streams: a process for each session, and one for each principal without any. */
export class StdioUpstream implements Upstream {
  readonly name: string;
  private modern = false;
  private readonly conversations = new Map<string, { owner: string; talk: Conversation }>();

  constructor(private readonly options: StdioUpstreamOptions) {
    this.name = [options.command, ...options.args].join(' ');
  }

  async forward(request: Forwarded): Promise<UpstreamAnswer> {
    const { method, message, session, principal, signal } = request;
    if (!message) return session === undefined ? noStream() : this.control(method, session, signal);
    if (session === undefined && message.method === 'initialize')
      return this.begin(message, principal, signal);
    const talk = session === undefined ? this.sharedWith(principal, message) : this.find(session);
    if (message.kind === 'request') return talk.request(message, signal);
    await talk.tell(message);
    return nothing(202);
  }

  async listTools() {
    const { command, args, env, timeoutMs } = this.options;
    const transport = new StdioClientTransport({
      command,
      args: [...args],
      env: { ...env },
      stderr: 'pipe',
    });
    transport.stderr?.on('data', (chunk: Buffer) => {
      this.options.log(chunk.toString());
    });
    const { tools, modern } = await listTools(transport, timeoutMs);
    this.modern = modern;
    return tools;
  }

  async close(): Promise<void> {
    await Promise.all([...this.conversations.values()].map(({ talk }) => talk.close()));
    this.conversations.clear();
  }

  private async begin(message: Message, principal: Principal, signal: AbortSignal): Promise<UpstreamAnswer> {
    const id = randomUUID();
    const talk = this.open(id, principal, { shared: false, initialize: message.json });
    try {
      return { ...(await talk.request(message, signal)), session: id };
    } catch (error) {
      this.conversations.delete(id);
      await talk.close();
      throw error;
    }
  }

  private async control(method: string, session: string, signal: AbortSignal): Promise<UpstreamAnswer> {
    const talk = this.find(session);
    if (method === 'GET') return talk.listen(signal);
    this.conversations.delete(session);
    await talk.close();
    return nothing(204);
  }

  private find(session: string): Conversation {
    const found = this.conversations.get(session);
    if (!found) throw sessionNotFound();
    return found.talk;
  }

  /** For calls that stand alone: of 2026-07-28 if the server speaks that, and of callers who begin no session. */
  private sharedWith(principal: Principal, { revision }: Message): Conversation {
    if (revision !== undefined && !this.modern)
      throw new RpcError(
        404,
        -32601,
        'The server behind this guard speaks the 2025 revisions. Begin with `initialize`.',
      );
    const id = `${revision === undefined ? 'legacy' : 'modern'} ${ownerOf(principal)}`;
    const initialize = revision === undefined ? OWN_INTRODUCTION : undefined;
    return this.conversations.get(id)?.talk ?? this.open(id, principal, { shared: true, initialize });
  }

  private open(
    id: string,
    principal: Principal,
    kind: Pick<ConversationOptions, 'shared' | 'initialize'>,
  ): Conversation {
    const owner = ownerOf(principal);
    if (this.conversations.size >= MOST_CONVERSATIONS) this.dropOldest();
    const { timeoutMs, idleMs, command, args } = this.options;
    const env = { ...this.options.env, TOOLGATE_IDENTITY: JSON.stringify(withoutScope(principal)) };
    const talk = new Conversation({
      ...kind,
      timeoutMs,
      idleMs,
      start: (events) => {
        this.makeRoom(owner);
        return new StdioChild({ command, args, env }, events);
      },
      toolsChanged: () => {
        this.options.toolsChanged();
      },
      log: (text) => {
        this.options.log(text);
      },
    });
    this.conversations.set(id, { owner, talk });
    return talk;
  }

  /** Processes that nobody needs just now give way, their owner's first. */
  private makeRoom(owner: string): void {
    const running = [...this.conversations.values()].filter(({ talk }) => talk.running);
    const own = running.filter((one) => one.owner === owner);
    const crowd =
      own.length >= this.options.mostPerOwner ? own : running.length >= this.options.most ? running : [];
    if (crowd.length === 0) return;
    const [idlest] = crowd.filter(({ talk }) => !talk.busy).sort((a, b) => a.talk.lastUsed - b.talk.lastUsed);
    if (!idlest)
      throw upstreamFailed('Too many sessions are busy at this guard. Try again shortly.', undefined, 503);
    void idlest.talk.rest();
  }

  private dropOldest(): void {
    const [oldest] = [...this.conversations].filter(([, { talk }]) => !talk.running);
    if (!oldest)
      throw upstreamFailed('Too many sessions are open at this guard. Try again later.', undefined, 503);
    this.conversations.delete(oldest[0]);
  }
}

/** A process outlives the token that it was started with. */
function withoutScope(principal: Principal): object {
  const { scope: _, ...identity } = identityOf(principal);
  return identity;
}

function noStream(): never {
  throw new ToolgateError('method_not_allowed', { headers: { Allow: 'POST' } });
}
