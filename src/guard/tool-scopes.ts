import type { Scope } from '../access/scopes.js';
import { ToolgateError } from '../errors/toolgate-error.js';

/** All the scopes that a call of each tool needs; `*` speaks for the tools that are not named. */
export type ToolScopes = Readonly<Record<string, readonly Scope[]>>;

export interface NeededScopes {
  readonly scopes: readonly Scope[];
  readonly detail?: string;
}

interface ToolsCall {
  readonly method?: unknown;
  readonly params?: { readonly name?: unknown } | null;
}

const own = (tools: ToolScopes, name: string) => (Object.hasOwn(tools, name) ? tools[name] : undefined);

/**
 * What this JSON-RPC message needs, besides a principal (spec R8, R9). It must be the very object that is dispatched
 * afterwards: two parsers of one text can disagree.
 *
 * @throws ToolgateError `batch_not_served` for a batch, which could carry a second call past the check; `not_allowed` for
 * a tool that the map does not know: one that was forgotten must not stand open.
 */
export function scopesForMessage(body: unknown, tools: ToolScopes): NeededScopes {
  if (Array.isArray(body)) throw new ToolgateError('batch_not_served');
  const { method, params } = (body ?? {}) as ToolsCall;
  if (method !== 'tools/call' || typeof params?.name !== 'string') return { scopes: [] };
  const { name } = params;
  const scopes = own(tools, name) ?? own(tools, '*');
  if (!scopes) throw new ToolgateError('not_allowed', { detail: 'The guard knows no tool of this name.' });
  return { scopes, detail: `The tool ${name} needs: ${scopes.join(' ')}` };
}
