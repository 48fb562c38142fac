export interface Route {
  readonly method: string;
  readonly url: string;
}

/** What a host usually has itself. All else is what the service is made of. */
export const OPTIONAL_PATHS = ['/docs', '/openapi.json', '/healthz', '/readyz'] as const;
export type OptionalPath = (typeof OPTIONAL_PATHS)[number];

/** @throws Error for a path that no application may keep. */
export function requireOptional(paths: readonly string[]): void {
  const others = paths.filter((path) => !(OPTIONAL_PATHS as readonly string[]).includes(path));
  if (others.length > 0)
    throw new Error(`except may name ${OPTIONAL_PATHS.join(', ')}, and not ${others.join(', ')}`);
}

const segmentsOf = (path: string): string[] => path.split('/');
const matches = (pattern: readonly string[], path: readonly string[]): boolean =>
  pattern.length === path.length &&
  pattern.every((segment, index) => (segment.startsWith(':') ? path[index] !== '' : segment === path[index]));

/** Which requests are the service's: by path, whatever the method, so that its own answers to wrong ones stay. */
export class OwnPaths {
  readonly routes: Route[] = [];
  private readonly fixed = new Set<string>();
  private readonly patterns: (readonly string[])[] = [];
  private readonly prefixes: string[] = [];

  constructor(private readonly left: readonly string[]) {}

  add({ method, url }: { method: string | string[]; url: string }): void {
    if (this.left.includes(url)) return;
    this.routes.push(...[method].flat().map((one) => ({ method: one, url })));
    if (/[*(]/.test(url.replace(/\/\*$/, '')))
      throw new Error(`the path of ${url} is not one that can be told apart`);
    if (url.endsWith('/*')) this.prefixes.push(url.slice(0, -1));
    else if (url.includes(':')) this.patterns.push(segmentsOf(url));
    else this.fixed.add(url);
  }

  has(url: string): boolean {
    const query = url.indexOf('?');
    const path = query < 0 ? url : url.slice(0, query);
    if (this.fixed.has(path) || this.prefixes.some((prefix) => path.startsWith(prefix))) return true;
    const segments = segmentsOf(path);
    return this.patterns.some((pattern) => matches(pattern, segments));
  }
}
