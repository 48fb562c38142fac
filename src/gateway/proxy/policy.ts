import type { Scope } from '../../access/scopes.js';
import type { DescribedScope } from '../../resources/resource.js';
import type { PolicyFile } from './policy-file.js';

/** What an operation needs: all of these scopes, or nobody may. */
export type Needed = readonly Scope[] | 'deny';

export interface KnownTool {
  readonly name: string;
  readonly title?: string | undefined;
  readonly description?: string | undefined;
  readonly readOnly: boolean;
  readonly destructive: boolean;
}

type Rules = Readonly<Record<string, Needed>>;

/** `*` stands for anything. Linear in the name, which is the caller's own. */
export function matches(pattern: string, name: string): boolean {
  const [first = '', ...rest] = pattern.split('*');
  const last = rest.pop();
  if (last === undefined) return pattern === name;
  if (!name.startsWith(first) || name.length < first.length + last.length || !name.endsWith(last))
    return false;
  let at = first.length;
  for (const part of rest) {
    const found = name.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return at <= name.length - last.length;
}

/** A resource has more spellings than one, and the server behind may take any of them. */
function spellings(uri: string): string[] {
  const all = [uri];
  if (URL.canParse(uri)) all.push(new URL(uri).href);
  for (const one of [...all]) {
    try {
      all.push(decodeURIComponent(one));
    } catch {
      // No encoding that could be undone: it stands as it is.
    }
  }
  const decoded = all.at(-1) ?? uri;
  if (/^[\x21-\x7e]+$/.test(decoded) && URL.canParse(decoded)) all.push(new URL(decoded).href);
  return [...new Set(all)];
}

/** All that any of them asks for. */
function strictest(all: readonly Needed[]): Needed {
  return all.includes('deny')
    ? 'deny'
    : [...new Set(all.flatMap((needed) => (needed === 'deny' ? [] : needed)))];
}

/** A name said out in full goes first, then the longest pattern; of equally long ones the stricter. */
function rule(rules: Rules, name: string): Needed | undefined {
  if (Object.hasOwn(rules, name)) return rules[name];
  const weight = (needed: Needed) => (needed === 'deny' ? Infinity : needed.length);
  return Object.entries(rules)
    .filter(([pattern]) => pattern.includes('*') && matches(pattern, name))
    .sort(([a, x], [b, y]) => b.length - a.length || weight(y) - weight(x))[0]?.[1];
}

/** Who may do what at the server behind the guard, from the policy file and the defaults. Pure. */
export class Policy {
  readonly read: readonly Scope[];
  readonly write: readonly Scope[];

  constructor(
    /** Of the server, and the noun of its scopes. */
    readonly name: string,
    private readonly file: PolicyFile,
  ) {
    this.read = file.read ?? [`${name}:read`];
    this.write = file.write ?? [`${name}:write`];
  }

  get clientRoots(): boolean {
    return this.file.client_roots;
  }

  /** A tool that the server does not list may do anything, so it counts as one that writes. */
  tool(name: string, known: KnownTool | undefined): Needed {
    return rule(this.file.tools, name) ?? (known?.readOnly === true ? this.read : this.write);
  }

  /** Whether it changes nothing: by the scopes that the policy file asks for, where they tell, else by the tool's own word. */
  onlyReads(kind: 'tools' | 'methods', name: string, known: KnownTool | undefined): boolean {
    const needed = rule(this.file[kind], name) ?? [];
    const asked = needed === 'deny' ? [] : needed;
    const reads = (scope: Scope) => this.read.includes(scope) && !this.write.includes(scope);
    const writes = (scope: Scope) => this.write.includes(scope) && !this.read.includes(scope);
    if (asked.some(writes)) return false;
    return (asked.length > 0 && asked.every(reads)) || known?.readOnly === true;
  }

  prompt(name: string): Needed {
    return rule(this.file.prompts, name) ?? this.read;
  }

  resource(uri: string): Needed {
    return strictest(spellings(uri).map((one) => rule(this.file.resources, one) ?? this.read));
  }

  /** What the policy says of a method itself: opens one that is closed by default, or closes one. */
  method(name: string): Needed | undefined {
    return rule(this.file.methods, name);
  }

  /** What was said by name of what no list shows at the start. */
  named(): { readonly kind: string; readonly name: string; readonly needed: Needed }[] {
    const { prompts, resources, methods } = this.file;
    return Object.entries({ prompt: prompts, resource: resources, method: methods }).flatMap(
      ([kind, rules]) => Object.entries(rules).map(([name, needed]) => ({ kind, name, needed })),
    );
  }

  /** Every scope that anything here can ask for, with what a person reads at the consent. */
  scopes(): DescribedScope[] {
    const { tools, prompts, resources, methods, scopes } = this.file;
    const named = [tools, prompts, resources, methods].flatMap((rules) => Object.values(rules));
    const all = [
      ...this.read,
      ...this.write,
      ...named.flatMap((needed) => (needed === 'deny' ? [] : needed)),
    ];
    const described: Readonly<Record<string, string>> = {
      [`${this.name}:read`]: `Read what ${this.name} offers`,
      [`${this.name}:write`]: `Change things through ${this.name}`,
      ...scopes,
    };
    return [...new Set(all)].map((name) => ({ name, description: described[name] ?? name }));
  }
}
