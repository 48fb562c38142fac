import {
  isJSONRPCNotification,
  isJSONRPCRequest,
  isJSONRPCResponse,
  type JSONRPCMessage,
  type JSONRPCRequest,
  type MessageExtraInfo,
  type Transport,
} from '@modelcontextprotocol/server';

/** Where what the server of a call says goes. */
export interface Reply {
  add(message: JSONRPCMessage): Promise<void>;
  finish(message: JSONRPCMessage): Promise<void>;
}

type Params = Record<string, unknown>;

/**
 * One request of a session, as a transport of the SDK: a fresh server is brought to where the session is, and gets the
 * request. Each such server counts its own requests from 0, so outside they carry the id of the call as well.
 */
export class Call implements Transport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: (message: JSONRPCMessage, extra?: MessageExtraInfo) => void;
  private replayed: () => void = () => undefined;

  constructor(
    readonly id: string,
    private readonly request: JSONRPCRequest,
    private readonly reply: Reply,
    private readonly extra: MessageExtraInfo,
  ) {}

  async start(): Promise<void> {
    // There is nothing to open: the request is here.
  }

  close(): Promise<void> {
    this.onclose?.();
    return Promise.resolve();
  }

  /** The session's handshake, said again to the new server. */
  async replay(initialize: Readonly<Record<string, unknown>>): Promise<void> {
    const replayed = new Promise<void>((resolve) => {
      this.replayed = resolve;
    });
    this.onmessage?.({ jsonrpc: '2.0', id: this.id, method: 'initialize', params: initialize }, this.extra);
    await replayed;
  }

  begin(): void {
    this.onmessage?.(this.request, this.extra);
  }

  async send(message: JSONRPCMessage): Promise<void> {
    if (!isJSONRPCResponse(message)) await this.reply.add(this.outward(message));
    else if (message.id === this.id) this.replayed();
    else await this.reply.finish(message);
  }

  /** What the client says to this call: an answer, progress with one, or that it wants no more. */
  hear(message: JSONRPCMessage): void {
    if (isJSONRPCResponse(message)) this.onmessage?.({ ...message, id: inner(message.id) });
    else if (isJSONRPCNotification(message) && message.method === 'notifications/progress') {
      const progressToken = inner(message.params?.['progressToken']);
      this.onmessage?.({ ...message, params: { ...message.params, progressToken } });
    } else this.onmessage?.(message);
  }

  private outward(message: JSONRPCMessage): JSONRPCMessage {
    if (isJSONRPCRequest(message)) {
      const id = `${this.id}.${message.id}`;
      const meta = message.params?._meta;
      if (meta?.progressToken === undefined) return { ...message, id };
      return { ...message, id, params: { ...message.params, _meta: { ...meta, progressToken: id } } };
    }
    if (isJSONRPCNotification(message) && message.method === 'notifications/cancelled') {
      const requestId = `${this.id}.${String((message.params as Params)['requestId'])}`;
      return { ...message, params: { ...message.params, requestId } };
    }
    return message;
  }
}

/** The id of the call that an id or a token from outside is for; undefined when it is none of ours. */
export function callOf(id: unknown): string | undefined {
  return typeof id === 'string' ? /^([0-9a-f-]{36})\.\d{1,15}$/.exec(id)?.[1] : undefined;
}

const inner = (id: unknown): number => Number(String(id).split('.')[1]);
