import type { ScopeRules } from '../access/scope-rules.js';
import { formatScope, type Scope } from '../access/scopes.js';
import type { ToolScopes } from '../guard/tool-scopes.js';

/** Where @rekog/mcp-nest 2 keeps what a method is, and what it shows it by. */
const MCP_NEST_TOOL = 'mcp:tool';
const MCP_NEST_SCOPES = 'mcp:scopes';

const remembered = new Map<object, Set<Scope>>();

/**
 * Methods with scopes may be tools. They are kept here because nothing of the application's own container can be asked for
 * them: it may be of another major version of Nest than the one that this package came with (docs/adr/0009).
 */
export function rememberTools(methods: readonly object[], scopes: readonly Scope[]): void {
  for (const method of methods) {
    const all = new Set([...(remembered.get(method) ?? []), ...scopes]);
    remembered.set(method, all);
    Reflect.defineMetadata(MCP_NEST_SCOPES, [...all], method);
  }
}

/** The tools of @rekog/mcp-nest that need scopes, by name. Two of one name need what either needs. */
export function scopedTools(): ToolScopes {
  const tools = new Map<string, Set<Scope>>();
  for (const [method, scopes] of remembered) {
    const tool = Reflect.getMetadata(MCP_NEST_TOOL, method) as { readonly name?: string } | undefined;
    if (!tool) continue;
    const name = tool.name ?? (method as { readonly name: string }).name;
    tools.set(name, new Set([...(tools.get(name) ?? []), ...scopes]));
  }
  return Object.fromEntries([...tools].map(([name, scopes]) => [name, [...scopes]]));
}

/** `request.user` as @rekog/mcp-nest compares it: word by word, so the broad scopes are spelled out. */
export function spelledOut(held: readonly Scope[], rules: ScopeRules): string {
  const declared = new Set([...remembered.values()].flatMap((scopes) => [...scopes]));
  const covered = [...declared].filter((scope) => rules.missing(held, [scope]).length === 0);
  return formatScope([...new Set([...held, ...covered])]);
}
