import { IDENTITY_SCOPES, LADDER_SCOPES, type Scope, SCOPE_DESCRIPTIONS } from '../access/scopes.js';

export interface DescribedScope {
  readonly name: Scope;
  /** What a person reads at the consent: what it lets a client do. */
  readonly description: string;
}

export interface DescribedTool {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** All that a call needs. */
  readonly scopes: readonly Scope[];
  readonly kind: 'read' | 'write' | 'destructive';
}

export interface Resource {
  /** Canonical URI, the `aud` of its tokens. */
  readonly identifier: string;
  readonly name: string;
  readonly scopes: readonly DescribedScope[];
  readonly defaultScopes: readonly Scope[];
  readonly tools: readonly DescribedTool[];
}

/**
 * The one spelling of a resource (RFC 8707 section 2, spec R14): scheme and host in lower case, no slash after a bare
 * host. `/mcp` and `/mcp/` differ. Undefined for what cannot be a resource.
 */
export function canonicalResource(text: string): string | undefined {
  // ASCII alone: URL.canParse, once optimized on Node 20, misreads the rest, and `new URL` would then throw.
  if (!/^[\x21-\x7e]+$/.test(text) || !URL.canParse(text) || text.includes('#')) return undefined;
  const url = new URL(text);
  if (!/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '') return undefined;
  return url.pathname === '/' && url.search === '' ? url.origin : url.href;
}

/** All that a client may ask for at a resource: its own scopes, the ladder over them, and the identity scopes. */
export function grantableScopes(resource: Resource): Scope[] {
  return [...resource.scopes.map(({ name }) => name), ...LADDER_SCOPES, ...IDENTITY_SCOPES];
}

export function describeScope(resource: Resource, name: Scope): string {
  return (
    resource.scopes.find((scope) => scope.name === name)?.description ?? SCOPE_DESCRIPTIONS[name] ?? name
  );
}
