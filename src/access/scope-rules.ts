import { IDENTITY_SCOPES, LADDER_SCOPES, type Scope, SCOPE_DESCRIPTIONS, SERVICE_SCOPES } from './scopes.js';

/** Scopes of one kind, the broadest first: each covers those after it. */
export type ScopeChain = readonly Scope[];

const NAME = /^[a-z0-9_.-]+:[a-z0-9_.-]+$/;
/** Their reach is built in, and no setting may widen it. */
const FIXED: readonly Scope[] = [...SERVICE_SCOPES, ...LADDER_SCOPES, ...IDENTITY_SCOPES];

/** The built-in ladder. It never reaches what rules the service or tells of the person. */
function ladderCovers(held: Scope, needed: Scope): boolean {
  if (held === needed) return true;
  if (SERVICE_SCOPES.includes(needed) || IDENTITY_SCOPES.includes(needed)) return false;
  switch (held) {
    case 'mcp:admin':
      return true;
    case 'mcp:write':
      return needed === 'mcp:read' || (!LADDER_SCOPES.includes(needed) && /:(read|write)$/.test(needed));
    case 'mcp:read':
      return !LADDER_SCOPES.includes(needed) && needed.endsWith(':read');
    default:
      return false;
  }
}

/** Every scope that is above each one, however many steps. */
function broaderOf(chains: readonly ScopeChain[]): Map<Scope, Set<Scope>> {
  const broader = new Map<Scope, Set<Scope>>();
  const above = (scope: Scope): Scope[] =>
    chains.flatMap((chain) => chain.slice(0, Math.max(0, chain.indexOf(scope))));
  for (const scope of new Set(chains.flat())) {
    const found = new Set<Scope>();
    const open = above(scope);
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      if (found.has(next)) continue;
      found.add(next);
      open.push(...above(next));
    }
    broader.set(scope, found);
  }
  return broader;
}

/**
 * Which scope covers which (spec R10): the built-in ladder and the hierarchy of one configuration. A value, made once
 * from the settings and handed to whoever decides, so that two applications in one process never share it.
 */
export class ScopeRules {
  private readonly broader: ReadonlyMap<Scope, ReadonlySet<Scope>>;

  /** @throws Error for a chain that {@link scopeHierarchyProblem} finds fault with. */
  constructor(chains: readonly ScopeChain[] = []) {
    const problem = scopeHierarchyProblem(chains);
    if (problem !== undefined) throw new Error(`the scope hierarchy ${problem}`);
    this.broader = broaderOf(chains);
  }

  /** A scope of this service or one that the hierarchy names; any other would be a slip. */
  knows(scope: Scope): boolean {
    return Object.hasOwn(SCOPE_DESCRIPTIONS, scope) || this.broader.has(scope);
  }

  get known(): Scope[] {
    return [...new Set([...Object.keys(SCOPE_DESCRIPTIONS), ...this.broader.keys()])];
  }

  /** What the hierarchy puts above any of these. */
  above(scopes: readonly Scope[]): Scope[] {
    return [...new Set(scopes.flatMap((scope) => [...(this.broader.get(scope) ?? [])]))];
  }

  /** Does one held scope cover one needed scope? */
  covers(held: Scope, needed: Scope): boolean {
    if (ladderCovers(held, needed)) return true;
    const broader = this.broader.get(needed);
    if (!broader) return false;
    // The ladder may cover one above, and so all below it: what a holder could get one by one, they hold.
    for (const scope of broader) if (ladderCovers(held, scope)) return true;
    return false;
  }

  /** The needed scopes that nothing held covers; empty means allowed. */
  missing(held: readonly Scope[], needed: readonly Scope[]): Scope[] {
    return needed.filter((need) => !held.some((have) => this.covers(have, need)));
  }

  /** What two holders share: everything in either that the other covers. Order follows `a`, then `b`. */
  intersect(a: readonly Scope[], b: readonly Scope[]): Scope[] {
    const shared = [
      ...a.filter((scope) => b.some((other) => this.covers(other, scope))),
      ...b.filter((scope) => a.some((other) => this.covers(other, scope))),
    ];
    return [...new Set(shared)];
  }
}

/** `billing:admin > billing:write > billing:read; vault:open > vault:list` as chains, not yet checked. */
export function parseScopeHierarchy(text: string): ScopeChain[] {
  return text
    .split(';')
    .filter((chain) => chain.trim() !== '')
    .map((chain) => chain.split('>').map((scope) => scope.trim()));
}

/** What is wrong with a hierarchy, in words that follow its name; undefined when nothing is. */
export function scopeHierarchyProblem(chains: readonly ScopeChain[]): string | undefined {
  for (const chain of chains) {
    const bad = chain.find((scope) => !NAME.test(scope) || FIXED.includes(scope));
    if (bad !== undefined && FIXED.includes(bad)) return `must not name ${bad}, whose reach is fixed`;
    if (bad !== undefined) return `must have scopes such as noun:verb between its > and ;`;
    if (chain.length < 2) return `must have at least two scopes in each chain`;
    if (new Set(chain).size < chain.length) return `must not name a scope twice in one chain`;
  }
  const circular = [...broaderOf(chains)].find(([scope, broader]) => broader.has(scope));
  return circular && `has a circle through ${circular[0]}`;
}
