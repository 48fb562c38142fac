import type { ResourceGuard } from '../../guard/resource-guard.js';
import type { DescribedTool, Resource } from '../../resources/resource.js';
import { IdentityAssertions } from './assertions.js';
import { Authorization } from './authorize.js';
import type { CallKeeping } from './call-keeping.js';
import { EventIds } from './event-ids.js';
import { HttpUpstream } from './http-upstream.js';
import type { KnownTool, Needed, Policy } from './policy.js';
import { SessionIds } from './session-ids.js';
import { type RunningProxy, startProxy } from './start-proxy.js';
import type { StdioCommand } from './stdio-child.js';
import { StdioUpstream } from './stdio-upstream.js';
import { ToolCatalogue } from './tool-catalogue.js';

export interface GuardOptions {
  readonly guard: ResourceGuard;
  readonly policy: Policy;
  readonly keeping: CallKeeping;
  readonly target: { readonly url: string } | StdioCommand;
  /** Seals session ids and signs assertions; the same for all replicas. */
  readonly secret: Buffer;
  readonly host: string;
  readonly port: number;
  readonly upstreamHeaders: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly processes: { readonly most: number; readonly mostPerOwner: number; readonly idleMs: number };
  readonly allowedOrigins: readonly string[];
  readonly trustedProxies: readonly string[];
  readonly bodyLimit: number;
  /** Hears of the tools each time they were read. */
  toolsRead(tools: readonly KnownTool[]): Promise<unknown>;
  warn(text: string): void;
}

export interface RunningGuard extends RunningProxy {
  readonly tools: ToolCatalogue;
}

const HTTP_TOOLS_AGE_MS = 60_000;

/** Everything of a guard put together and listening. The tools are not read yet: that may fail, and be tried again. */
export async function startGuard(options: GuardOptions): Promise<RunningGuard> {
  const { guard, policy, target, timeoutMs, processes } = options;
  const stdio = 'command' in target;
  const assertions = new IdentityAssertions(
    options.secret,
    guard.resource,
    stdio ? guard.resource : target.url,
  );
  const upstream = stdio
    ? new StdioUpstream({
        ...target,
        ...processes,
        timeoutMs,
        toolsChanged: () => {
          tools.expire();
        },
        log: (text) => {
          options.warn(`[server] ${text.trimEnd()}`);
        },
      })
    : new HttpUpstream({ url: target.url, headers: options.upstreamHeaders, timeoutMs, assertions });
  // Processes of one command have the tools that they have; a server elsewhere may be replaced by another any time.
  const tools: ToolCatalogue = new ToolCatalogue(
    () => upstream.listTools(),
    stdio ? Infinity : HTTP_TOOLS_AGE_MS,
    (read) => options.toolsRead(read),
  );
  const proxy = await startProxy({
    guard,
    authorization: new Authorization(policy, tools, guard),
    tools,
    upstream,
    keeping: options.keeping,
    assertions,
    sessions: new SessionIds(options.secret),
    eventIds: new EventIds(options.secret),
    patienceMs: timeoutMs,
    allowedOrigins: new Set(options.allowedOrigins),
    trustedProxies: options.trustedProxies,
    bodyLimit: options.bodyLimit,
    host: options.host,
    port: options.port,
    report: ({ reason }) => {
      options.warn(reason);
    },
  });
  return { ...proxy, tools };
}

/** What the authorization server knows of a guarded server, so that a person sees at the consent what its tools do. */
export function describedResource(identifier: string, policy: Policy, tools: readonly KnownTool[]): Resource {
  const scopes = policy.scopes();
  return {
    identifier,
    name: policy.name,
    scopes,
    defaultScopes: scopes.map(({ name }) => name),
    tools: tools.flatMap((tool) => {
      const needed: Needed = policy.tool(tool.name, tool);
      return needed === 'deny' ? [] : [describedTool(tool, needed)];
    }),
  };
}

function describedTool(tool: KnownTool, scopes: readonly string[]): DescribedTool {
  const plain = (text: string) => text.replaceAll('\u0000', '').slice(0, 2000);
  return {
    name: plain(tool.name),
    title: plain(tool.title ?? tool.name),
    description: plain(tool.description ?? ''),
    scopes,
    kind: tool.readOnly ? 'read' : tool.destructive ? 'destructive' : 'write',
  };
}
