import { isObject, type Json } from './message.js';
import type { KnownTool } from './policy.js';

/** As the server behind lists it. Annotations are its word, and the policy may say otherwise. */
export function knownTool(listed: unknown): KnownTool | undefined {
  if (!isObject(listed) || typeof listed['name'] !== 'string') return undefined;
  const annotations: Json = isObject(listed['annotations']) ? listed['annotations'] : {};
  const text = (value: unknown) => (typeof value === 'string' ? value : undefined);
  return {
    name: listed['name'],
    title: text(listed['title']) ?? text(annotations['title']),
    description: text(listed['description']),
    readOnly: annotations['readOnlyHint'] === true,
    // The protocol's default: what does not say otherwise may destroy (spec: tool annotations).
    destructive: annotations['destructiveHint'] !== false,
  };
}

/** An unknown name may be a new tool, or a caller's invention: the server is asked at most this often. */
const COOLDOWN_MS = 1000;

/** What tools the server behind has, asked anew in time, after a change, and for a name that is not known. */
export class ToolCatalogue {
  private tools: ReadonlyMap<string, KnownTool> = new Map();
  private readAt = -Infinity;
  private askedAt = -Infinity;
  private asking: Promise<void> | undefined;

  constructor(
    private readonly list: () => Promise<readonly KnownTool[]>,
    private readonly maxAgeMs: number,
    private readonly onRead: (tools: readonly KnownTool[]) => Promise<unknown>,
  ) {}

  get(name: string): KnownTool | undefined {
    return this.tools.get(name);
  }

  all(): KnownTool[] {
    return [...this.tools.values()];
  }

  /** The server said that its tools changed: what is known is asked again before it is next relied on. */
  expire(): void {
    this.readAt = -Infinity;
  }

  /** Never fails because the server does not answer: then the tool is as it was, or unknown and so one that writes. */
  async find(name: string): Promise<KnownTool | undefined> {
    const fresh = performance.now() - this.readAt < this.maxAgeMs;
    if (!fresh || !this.tools.has(name)) await this.refresh().catch(() => undefined);
    return this.tools.get(name);
  }

  replace(listed: readonly KnownTool[]): void {
    this.tools = new Map(listed.map((tool) => [tool.name, tool]));
    this.readAt = performance.now();
  }

  async refresh(): Promise<void> {
    if (!this.asking && performance.now() - this.askedAt < COOLDOWN_MS) return;
    this.asking ??= this.read().finally(() => {
      this.asking = undefined;
    });
    await this.asking;
  }

  private async read(): Promise<void> {
    this.askedAt = performance.now();
    const listed = await this.list();
    this.replace(listed);
    await this.onRead(listed);
  }
}
