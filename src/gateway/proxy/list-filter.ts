import type { Principal } from '../../access/principal.js';
import type { Authorization } from './authorize.js';
import { isObject, type Json } from './message.js';
import type { KnownTool, Needed } from './policy.js';
import { knownTool } from './tool-catalogue.js';

const LISTS = ['tools', 'prompts', 'resources', 'resourceTemplates'] as const;
export const LIST_METHODS: ReadonlySet<string> = new Set([
  'tools/list',
  'prompts/list',
  'resources/list',
  'resources/templates/list',
]);

/** Shows one caller what it may use (spec R20). Convenience, not protection: a call is checked whatever was shown. */
export class ListFilter {
  constructor(
    private readonly authorization: Authorization,
    private readonly principal: Principal,
    private readonly catalogue: { learn(tools: KnownTool[], more: boolean): void; changed(): void },
  ) {}

  /** By the shape of an answer, since a resumed stream brings answers to requests of another connection. */
  apply(message: unknown): { message: unknown; changed: boolean } {
    if (!Array.isArray(message)) return this.applyToOne(message);
    const all = message.map((one) => this.applyToOne(one));
    return { message: all.map((one) => one.message), changed: all.some(({ changed }) => changed) };
  }

  private applyToOne(message: unknown): { message: unknown; changed: boolean } {
    if (isObject(message) && message['method'] === 'notifications/tools/list_changed')
      this.catalogue.changed();
    if (!isObject(message) || !isObject(message['result'])) return { message, changed: false };
    const { result } = message;
    const lists = LISTS.filter((name) => Array.isArray(result[name]));
    if (lists.length === 0) return { message, changed: false };
    if (Array.isArray(result['tools']))
      this.catalogue.learn(
        result['tools'].flatMap((tool) => knownTool(tool) ?? []),
        result['nextCursor'] !== undefined,
      );
    const filtered: Json = { ...result };
    for (const name of lists)
      filtered[name] = (result[name] as unknown[]).filter((item) => this.shows(name, item));
    // Results of 2026-07-28 say for whom they may be kept; what depends on the caller is the caller's alone.
    if ('cacheScope' in result || 'resultType' in result) filtered['cacheScope'] = 'private';
    return { message: { ...message, result: filtered }, changed: true };
  }

  private shows(list: (typeof LISTS)[number], item: unknown): boolean {
    const needed = this.needed(list, item);
    return needed !== undefined && this.authorization.allows(this.principal, needed);
  }

  private needed(list: (typeof LISTS)[number], item: unknown): Needed | undefined {
    const { policy } = this.authorization;
    const tool = knownTool(item);
    if (list === 'tools') return tool && policy.tool(tool.name, tool);
    if (list === 'prompts') return tool && policy.prompt(tool.name);
    const uri = isObject(item) ? item[list === 'resources' ? 'uri' : 'uriTemplate'] : undefined;
    return typeof uri === 'string' ? policy.resource(uri) : undefined;
  }
}
