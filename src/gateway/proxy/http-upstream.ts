import type { Readable } from 'node:stream';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { Agent, errors, fetch as undiciFetch, request } from 'undici';
import { listTools } from './list-tools.js';
import { ASSERTION_HEADER } from '../identity.js';
import type { IdentityAssertions } from './assertions.js';
import { upstreamFailed } from './rpc-error.js';
import type { Forwarded, Upstream, UpstreamAnswer } from './upstream.js';

export interface HttpUpstreamOptions {
  readonly url: string;
  /** What the server behind wants to see: its own credentials, from the configuration. */
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly assertions: IdentityAssertions;
}

const CONNECT_TIMEOUT_MS = 10_000;
const PASSED_BACK = ['retry-after', 'allow', 'mcp-protocol-version'];
const HOW_TO_MEND = 'Try again; if it stays, the operator must look after the server behind this guard.';

/** A Streamable HTTP server at one URL that never changes: no redirect is followed, no name comes from a request. */
export class HttpUpstream implements Upstream {
  readonly name: string;
  private readonly agent: Agent;

  constructor(private readonly options: HttpUpstreamOptions) {
    this.name = options.url;
    this.agent = new Agent({
      connect: { timeout: CONNECT_TIMEOUT_MS },
      headersTimeout: options.timeoutMs,
      // A stream may be silent for as long as it likes.
      bodyTimeout: 0,
      // A connection that the server closed while it was idle is not tried again with a call, so none is kept for long.
      keepAliveTimeout: 1000,
    });
  }

  async forward({
    method,
    message,
    session,
    headers,
    principal,
    signal,
  }: Forwarded): Promise<UpstreamAnswer> {
    const assertion = await this.options.assertions.sign(principal);
    let answer;
    try {
      answer = await request(this.options.url, {
        method,
        dispatcher: this.agent,
        signal,
        headers: {
          ...headers,
          ...(session !== undefined && { 'mcp-session-id': session }),
          ...(message && { 'content-type': 'application/json' }),
          'accept-encoding': 'identity',
          ...this.options.headers,
          [ASSERTION_HEADER]: assertion,
        },
        // Made from what was checked, so that there is no other way to read it.
        ...(message && { body: JSON.stringify(message.json) }),
        ...(method === 'GET' && { headersTimeout: 0 }),
      });
    } catch (cause) {
      throw unreachable(cause);
    }
    const header = (name: string): string | undefined => [answer.headers[name] ?? []].flat()[0];
    const refused = refusal(answer.statusCode, header('content-encoding'));
    if (refused !== undefined) {
      discard(answer.body);
      throw upstreamFailed(refused, `the upstream answered ${answer.statusCode}`);
    }
    return {
      status: answer.statusCode,
      contentType: header('content-type'),
      session: header('mcp-session-id'),
      headers: Object.fromEntries(
        PASSED_BACK.flatMap((name) => {
          const value = header(name);
          return value === undefined ? [] : [[name, value]];
        }),
      ),
      body: answer.body,
    };
  }

  async listTools() {
    const send = (url: string | URL, init: RequestInit = {}) =>
      undiciFetch(url, {
        ...(init as Parameters<typeof undiciFetch>[1]),
        redirect: 'manual',
        dispatcher: this.agent,
      }) as unknown as Promise<Response>;
    const transport = new StreamableHTTPClientTransport(new URL(this.options.url), {
      fetch: send,
      requestInit: { headers: { ...this.options.headers } },
    });
    return (await listTools(transport, this.options.timeoutMs)).tools;
  }

  async close(): Promise<void> {
    await this.agent.destroy();
  }
}

/** Some answers are between the guard and its server, and would only mislead the caller. */
function refusal(status: number, encoding: string | undefined): string | undefined {
  if (status === 401 || status === 403 || status === 407)
    return 'The MCP server behind this guard refused the guard itself. The operator must give the guard valid upstream credentials (GUARD_UPSTREAM_HEADERS).';
  if (status < 200 || (status >= 300 && status < 400))
    return 'The MCP server behind this guard answered with a redirect, which is not followed. The operator must configure its final URL.';
  if (encoding !== undefined && encoding !== 'identity')
    return `The MCP server behind this guard compresses its answers although it was asked not to. ${HOW_TO_MEND}`;
  return undefined;
}

function unreachable(cause: unknown) {
  const reason = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
  if (cause instanceof errors.HeadersTimeoutError || cause instanceof errors.ConnectTimeoutError)
    return upstreamFailed(
      `The MCP server behind this guard did not answer in time. ${HOW_TO_MEND}`,
      reason,
      504,
    );
  return upstreamFailed(`The MCP server behind this guard cannot be reached. ${HOW_TO_MEND}`, reason);
}

function discard(body: Readable): void {
  body.on('error', () => undefined).destroy();
}
