import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { randomBytes } from 'node:crypto';
import { ResourceAuthentication } from '../../../src/auth/resource-authentication.js';
import { describedResource, type RunningGuard, startGuard } from '../../../src/gateway/proxy/guard-parts.js';
import { Policy } from '../../../src/gateway/proxy/policy.js';
import { parsePolicy } from '../../../src/gateway/proxy/policy-file.js';
import { createServiceGuard } from '../../../src/gateway/proxy/service-guard.js';
import { ResourcesRepository } from '../../../src/resources/resources.repository.js';
import { serviceKeeping } from '../../../src/cli/guard-keeping.js';
import type { CallKeeping } from '../../../src/gateway/proxy/call-keeping.js';
import { reservePort } from '../../support/port.js';
import type { TestService } from '../../support/harness.js';
import { OauthDriver } from '../../support/oauth.js';

/** What the server behind was sent, as it came. */
export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
  /** The client of this request went away before its answer was whole. */
  aborted: boolean;
}
type Answering = (seen: Seen, response: ServerResponse) => void | Promise<void>;

/** A server without any authorization that answers as it is told and remembers what it was sent. */
export class Upstream {
  readonly seen: Seen[] = [];
  answering: Answering = (_seen, response) => {
    response.writeHead(404).end();
  };
  private readonly sockets = new Set<Socket>();
  private server = this.made();
  port = 0;

  async start(): Promise<this> {
    this.server.listen(this.port, '127.0.0.1');
    await new Promise((resolve) => this.server.once('listening', resolve));
    this.port = (this.server.address() as AddressInfo).port;
    return this;
  }
  get url(): string {
    return `http://127.0.0.1:${this.port}/mcp`;
  }
  /** As a crash does: every connection breaks. */
  async crash(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
    this.server = this.made();
  }
  last(): Seen {
    const seen = this.seen.at(-1);
    if (!seen) throw new Error('the server behind was not asked');
    return seen;
  }

  private made() {
    return createServer((request, response) => {
      void this.take(request, response);
    }).on('connection', (socket: Socket) => {
      this.sockets.add(socket);
      socket.once('close', () => this.sockets.delete(socket));
    });
  }
  private async take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = '';
    for await (const chunk of request) text += String(chunk);
    const { method = '', url: path = '', headers } = request;
    const seen: Seen = { method, path, headers, text, aborted: false };
    response.once('close', () => {
      seen.aborted = !response.writableFinished;
    });
    this.seen.push(seen);
    await this.answering(seen, response);
  }
}

export const json = (
  response: ServerResponse,
  body: unknown,
  headers: Record<string, string> = {},
  status = 200,
): void => {
  response.writeHead(status, { 'Content-Type': 'application/json', ...headers }).end(JSON.stringify(body));
};

export const READ_TOOL = {
  name: 'look',
  description: 'Looks',
  inputSchema: { type: 'object' },
  annotations: { readOnlyHint: true },
};
export const WRITE_TOOL = { name: 'change', description: 'Changes', inputSchema: { type: 'object' } };

/** The least that an MCP server of the 2025 revisions says; `more` goes first. */
export function speaking(
  more: (method: string, id: unknown, seen: Seen, response: ServerResponse) => unknown = () => undefined,
): Answering {
  return (seen, response) => {
    if (seen.method !== 'POST') {
      response.writeHead(405).end();
      return;
    }
    const { id, method } = JSON.parse(seen.text) as { id?: unknown; method?: string };
    if (method === undefined) {
      response.writeHead(202).end();
      return;
    }
    const own = more(method, id, seen, response);
    if (own === true) return;
    if (id === undefined) response.writeHead(202).end();
    else json(response, { jsonrpc: '2.0', id, ...answerTo(method, own) });
  };
}

function answerTo(method: string, own: unknown): object {
  if (own !== undefined) return { result: own };
  const serverInfo = { name: 'behind', version: '1' };
  if (method === 'initialize')
    return { result: { protocolVersion: '2025-06-18', capabilities: { tools: {} }, serverInfo } };
  if (method === 'tools/list') return { result: { tools: [READ_TOOL, WRITE_TOOL] } };
  if (method === 'tools/call') return { result: { content: [{ type: 'text', text: 'done' }] } };
  return { error: { code: -32601, message: 'Method not found' } };
}

export interface GuardUnderTest extends RunningGuard {
  readonly resource: string;
  readonly warned: string[];
  token(scope: string): Promise<string>;
  close(): Promise<void>;
}

type Target = Parameters<typeof startGuard>[0]['target'];
interface Options {
  readonly policy?: object;
  readonly upstreamHeaders?: Record<string, string>;
  readonly timeoutMs?: number;
  readonly processes?: { most: number; mostPerOwner: number; idleMs: number };
  readonly secret?: Buffer;
  readonly keeping?: CallKeeping;
}

/** A guard in front of this target, with the service's own strategies, as `toolgate guard` puts it together. */
export async function guardBefore(
  service: TestService,
  target: Target,
  options: Options = {},
): Promise<GuardUnderTest> {
  const { app, config } = service;
  const port = await reservePort();
  const resource = `http://127.0.0.1:${port}/mcp`;
  const policy = new Policy('behind', parsePolicy(JSON.stringify(options.policy ?? {}), 'of the test'));
  const authentication = app.get(ResourceAuthentication);
  const warned: string[] = [];
  const save = async (tools: Parameters<typeof describedResource>[2]) =>
    app.get(ResourcesRepository).save(describedResource(resource, policy, tools), new Date());
  const running = await startGuard({
    guard: createServiceGuard({
      issuer: config.issuer,
      resource,
      resourceName: 'behind',
      scopes: policy.scopes().map(({ name }) => name),
      rules: config.scopes,
      authenticate: ({ headers, address }) => authentication.authenticate(resource, { headers, ip: address }),
      onFailure: (error) => warned.push(String(error)),
    }),
    policy,
    keeping: options.keeping ?? serviceKeeping(app, config),
    target,
    secret: options.secret ?? randomBytes(32),
    host: '127.0.0.1',
    port,
    upstreamHeaders: options.upstreamHeaders ?? {},
    timeoutMs: options.timeoutMs ?? 5000,
    processes: options.processes ?? { most: 20, mostPerOwner: 10, idleMs: 60_000 },
    allowedOrigins: [],
    trustedProxies: [],
    bodyLimit: 100_000,
    toolsRead: save,
    warn: (text) => warned.push(text),
  });
  await save([]);
  await running.tools.refresh().catch(() => undefined);
  const oauth = new OauthDriver(service);
  return {
    ...running,
    resource,
    warned,
    async token(scope) {
      const { answer } = await oauth.connect(await service.person(), { scope, resource });
      if (answer.status !== 200) throw new Error(answer.text);
      return (answer.body as { access_token: string }).access_token;
    },
    close: () => running.close(0),
  };
}

export async function send(
  guard: { resource: string },
  bearer: string,
  body: unknown,
  { headers = {}, method = 'POST' }: { headers?: Record<string, string>; method?: string } = {},
) {
  const response = await fetch(guard.resource, {
    method,
    headers: {
      Authorization: `Bearer ${bearer}`,
      Accept: 'application/json, text/event-stream',
      ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined
      ? {}
      : { body: typeof body === 'string' || body instanceof Buffer ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  const found: any = text.startsWith('{') ? JSON.parse(text) : undefined; // eslint-disable-line @typescript-eslint/no-explicit-any
  return { status: response.status, headers: response.headers, text, body: found };
}

export const rpc = (method: string, params: object = {}, id: number | string = 1) => ({
  jsonrpc: '2.0',
  id,
  method,
  params,
});
export const callTool = (name: string, args: object = {}) => rpc('tools/call', { name, arguments: args });

export async function until(condition: () => boolean, what: string): Promise<void> {
  const end = Date.now() + 10_000;
  while (!condition()) {
    if (Date.now() > end) throw new Error(`it did not happen: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
