import { ScopeRules } from '../access/scope-rules.js';
import type { Scope } from '../access/scopes.js';

const LADDER = new ScopeRules();

/** A broad scope to the narrower ones it stands for, beside the ladder `mcp:read`, `mcp:write`, `mcp:admin` (spec R10). */
export type ScopeHierarchy = Readonly<Record<Scope, readonly Scope[]>>;

/** What is held, with all that it stands for, however many steps away. */
export function withImplied(held: readonly Scope[], hierarchy: ScopeHierarchy): Scope[] {
  const all = new Set(held);
  for (const scope of all)
    if (Object.hasOwn(hierarchy, scope)) for (const implied of hierarchy[scope] ?? []) all.add(implied);
  return [...all];
}

export const lacksScopes = (
  held: readonly Scope[],
  needed: readonly Scope[],
  hierarchy: ScopeHierarchy = {},
): boolean => LADDER.missing(withImplied(held, hierarchy), needed).length > 0;
