import { PassThrough } from 'node:stream';
import { event } from './event-stream.js';
import { isObject, type Json, type Message } from './message.js';
import { invalidRequest, type RpcError, upstreamFailed } from './rpc-error.js';
import { type ChildEvents, StdioChild } from './stdio-child.js';
import { eventAnswer, Exchange } from './stdio-exchange.js';
import type { UpstreamAnswer } from './upstream.js';

export interface ConversationOptions {
  /** Starts a process for it; throws when there are too many. */
  start(events: ChildEvents): StdioChild;
  /** What it begins with whenever a process starts; undefined for servers of 2026-07-28, which need nothing. */
  readonly initialize: Json | undefined;
  /** Many clients of one principal in one process: ids are made unique, and the process has nobody to ask. */
  readonly shared: boolean;
  readonly timeoutMs: number;
  readonly idleMs: number;
  toolsChanged(): void;
  log(text: string): void;
}

/** Characters, of all that is told before anybody listens. */
const MOST_WAITING = 262_144;
const SUBSCRIPTION = 'io.modelcontextprotocol/subscriptionId';

const notInTime = () =>
  upstreamFailed('The MCP server behind this guard did not answer in time. Try again.', undefined, 504);

/**
 * What one session, or one principal, says to a process of its own. The process may end, by itself or for being idle: the
 * next call starts another and introduces itself again.
 */
export class Conversation {
  lastUsed = performance.now();
  private child: StdioChild | undefined;
  private ready: Promise<void> | undefined;
  private readonly pending = new Map<string, Exchange>();
  /** What nobody listens to yet. */
  private waiting: string[] = [];
  private waitingLength = 0;
  private listener: PassThrough | undefined;
  private introduced: ((answer: Json | RpcError) => void) | undefined;
  private idle: NodeJS.Timeout | undefined;
  private numbered = 0;

  constructor(private readonly options: ConversationOptions) {}

  get running(): boolean {
    return this.child !== undefined;
  }

  get busy(): boolean {
    return this.pending.size > 0 || this.listener !== undefined || this.introduced !== undefined;
  }

  /** @throws RpcError */
  async request(message: Message, signal: AbortSignal): Promise<UpstreamAnswer> {
    const child = await this.process(message.method === 'initialize');
    signal.throwIfAborted();
    const id = this.options.shared ? `guard-${(this.numbered += 1)}` : message.id;
    const key = JSON.stringify(id);
    if (this.pending.has(key)) throw invalidRequest('Another request with this `id` is not answered yet.');
    const exchange = new Exchange(message);
    this.pending.set(key, exchange);
    const timer = setTimeout(() => {
      if (exchange.streaming) return;
      this.giveUp(key, 'the guard waited long enough');
      exchange.fail(notInTime());
    }, this.options.timeoutMs);
    const gone = () => {
      this.giveUp(key, 'the client is gone');
      exchange.abandon();
    };
    signal.addEventListener('abort', gone);
    try {
      child.send(this.outgoing(message, id));
      return await exchange.answer;
    } catch (error) {
      this.pending.delete(key);
      throw error;
    } finally {
      clearTimeout(timer);
      this.touch();
    }
  }

  /** A notification, or the answer to something that the process asked. */
  async tell(message: Message): Promise<void> {
    // The guard introduced the shared one itself, and its ids are not the client's.
    if (this.options.shared) return;
    const child = await this.process();
    child.send(message.json);
    if (message.method === 'notifications/cancelled') {
      const key = JSON.stringify(message.params['requestId']);
      this.pending.get(key)?.abandon();
      this.pending.delete(key);
    }
    this.touch();
  }

  /** The stream of a session for what belongs to no request. A newer one takes over. */
  listen(signal: AbortSignal): UpstreamAnswer {
    this.listener?.end();
    const stream = new PassThrough();
    this.listener = stream;
    const gone = () => {
      if (this.listener === stream) this.listener = undefined;
      stream.end();
      this.child?.resume();
      this.touch();
    };
    signal.addEventListener('abort', gone);
    for (const told of this.waiting) stream.write(told);
    this.waiting = [];
    this.waitingLength = 0;
    return eventAnswer(stream);
  }

  /** Lets go of the process; the conversation may go on. */
  async rest(): Promise<void> {
    clearTimeout(this.idle);
    const { child } = this;
    this.forget('it was stopped');
    await child?.stop();
  }

  async close(): Promise<void> {
    this.listener?.end();
    this.listener = undefined;
    await this.rest();
  }

  private async process(beginning = false): Promise<StdioChild> {
    this.touch();
    if (!this.child) {
      const child = this.options.start({
        message: (message) => {
          if (this.child === child) this.incoming(message);
        },
        end: (how) => {
          this.options.log(`the process is gone: ${how}`);
          if (this.child === child) this.forget(how);
        },
        stderr: (text) => {
          this.options.log(text);
        },
      });
      this.child = child;
      this.ready =
        beginning || !this.options.initialize ? undefined : this.introduce(child, this.options.initialize);
    }
    const { child } = this;
    await this.ready;
    return child;
  }

  private async introduce(child: StdioChild, initialize: Json): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const answer = await new Promise<Json | RpcError>((resolve) => {
      this.introduced = resolve;
      timer = setTimeout(() => {
        resolve(notInTime());
        void this.rest();
      }, this.options.timeoutMs);
      child.send({ ...initialize, id: 'guard-initialize' });
    });
    clearTimeout(timer);
    this.introduced = undefined;
    if (answer instanceof Error) throw answer;
    if (!isObject(answer['result']))
      throw upstreamFailed('The MCP server behind this guard did not start properly. Try again.');
    child.send({ jsonrpc: '2.0', method: 'notifications/initialized' });
  }

  private outgoing({ json, params }: Message, id: Message['id']): Json {
    if (!this.options.shared) return json;
    const meta = isObject(params['_meta']) ? params['_meta'] : undefined;
    if (meta?.['progressToken'] === undefined) return { ...json, id };
    return { ...json, id, params: { ...params, _meta: { ...meta, progressToken: id } } };
  }

  private incoming(message: Json): void {
    const { id, method } = message;
    if (typeof method === 'string') {
      if (method === 'notifications/tools/list_changed') this.options.toolsChanged();
      if (id !== undefined && this.options.shared) this.refuse(message);
      else this.route(message, method);
      return;
    }
    // A client may call a request of its own the same, when nothing was introduced.
    if (id === 'guard-initialize' && this.introduced) {
      this.introduced(message);
      return;
    }
    const key = JSON.stringify(id);
    const exchange = this.pending.get(key);
    this.pending.delete(key);
    exchange?.finish(this.returned(message, exchange));
    this.touch();
  }

  /** In a process that many clients share there is nobody whom it could mean. */
  private refuse({ id, method }: Json): void {
    const answer =
      method === 'ping'
        ? { result: {} }
        : { error: { code: -32601, message: 'Nobody can answer this here.' } };
    this.child?.send({ jsonrpc: '2.0', id, ...answer });
  }

  private returned(message: Json, { request }: Exchange): Json {
    if (!this.options.shared) return message;
    const { result } = message;
    const subscribed = isObject(result) && isObject(result['_meta']) && SUBSCRIPTION in result['_meta'];
    const own = subscribed && {
      result: { ...result, _meta: { ...(result['_meta'] as Json), [SUBSCRIPTION]: request.id } },
    };
    return { ...message, id: request.id, ...own };
  }

  /** To the request that it names; else to whom it can reach, a question rather beside the call that raised it. */
  private route(message: Json, method: string): void {
    const params = isObject(message['params']) ? message['params'] : {};
    const meta = isObject(params['_meta']) ? params['_meta'] : {};
    const named = method === 'notifications/progress' ? params['progressToken'] : meta[SUBSCRIPTION];
    if (this.options.shared) {
      const exchange = this.pending.get(JSON.stringify(named));
      if (!exchange) return;
      const { _meta } = exchange.request.params;
      const own =
        method === 'notifications/progress'
          ? { progressToken: isObject(_meta) ? _meta['progressToken'] : undefined }
          : { _meta: { ...meta, [SUBSCRIPTION]: exchange.request.id } };
      this.wait(exchange.push({ ...message, params: { ...params, ...own } }));
      return;
    }
    const newest = [...this.pending.values()].at(-1);
    const reporting = [...this.pending.values()].find(
      ({
        request: {
          params: { _meta },
        },
      }) => named !== undefined && isObject(_meta) && _meta['progressToken'] === named,
    );
    const exchange = reporting ?? (message['id'] !== undefined || !this.listener ? newest : undefined);
    if (exchange && exchange.request.method !== 'initialize') this.wait(exchange.push(message));
    else if (this.listener) this.wait(this.listener.write(event(message)) ? undefined : this.listener);
    else this.keep(event(message));
  }

  private keep(told: string): void {
    if (this.waitingLength + told.length > MOST_WAITING) return;
    this.waiting.push(told);
    this.waitingLength += told.length;
  }

  /** A reader who is slow holds back the process, and with it nobody else. */
  private wait(stream: PassThrough | undefined): void {
    if (!stream) return;
    const { child } = this;
    child?.pause();
    const resume = () => child?.resume();
    stream.once('drain', resume).once('close', resume);
  }

  private giveUp(key: string, reason: string): void {
    const exchange = this.pending.get(key);
    if (!this.pending.delete(key) || exchange?.request.method === 'initialize') return;
    this.child?.resume();
    this.child?.send({
      jsonrpc: '2.0',
      method: 'notifications/cancelled',
      params: { requestId: JSON.parse(key) as unknown, reason },
    });
    this.touch();
  }

  private forget(how: string): void {
    this.child = undefined;
    this.ready = undefined;
    const error = upstreamFailed(
      'The MCP server behind this guard stopped in the middle. Try again: it is started anew with the next call.',
      how,
    );
    this.introduced?.(error);
    for (const exchange of this.pending.values()) exchange.fail(error);
    this.pending.clear();
  }

  private touch(): void {
    this.lastUsed = performance.now();
    clearTimeout(this.idle);
    if (!this.child) return;
    this.idle = setTimeout(() => {
      if (!this.busy) void this.rest();
    }, this.options.idleMs).unref();
  }
}
