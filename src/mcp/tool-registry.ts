import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { Principal } from '../access/principal.js';
import { missingScopes, type Scope } from '../access/scopes.js';
import { PROMPT } from './prompt.decorator.js';
import { ProviderMethods } from './provider-methods.js';
import {
  promptOf,
  type RegisteredPrompt,
  type RegisteredResource,
  type RegisteredTemplate,
  type RegisteredTool,
  resourceOf,
  templateOf,
  toolOf,
} from './registered.js';
import {
  COMPLETION,
  type CompletionOptions,
  RESOURCE,
  RESOURCE_LIST,
  RESOURCE_TEMPLATE,
} from './resource.decorator.js';
import type { ToolCall } from './tool-call.js';
import { TOOL } from './tool.decorator.js';

/** What a message asks to be done, and what it takes. */
export interface Operation {
  readonly kind: 'tool' | 'prompt' | 'resource';
  /** Of a resource: its URI, or the template that its URI matches. */
  readonly name: string;
  readonly scopes: readonly Scope[];
}

type Completer = (typed: string, call: ToolCall) => string[] | Promise<string[]>;
type Params = Readonly<Record<string, unknown>>;

const completerKey = ({ of, argument }: CompletionOptions) => JSON.stringify([of, argument]);

/** Every `@Tool`, `@Prompt`, `@Resource` and `@ResourceTemplate` of every provider, found once at the start. */
@Injectable()
export class ToolRegistry implements OnModuleInit {
  private readonly tools = new Map<string, RegisteredTool>();
  readonly prompts = new Map<string, RegisteredPrompt>();
  readonly resources = new Map<string, RegisteredResource>();
  readonly templates = new Map<string, RegisteredTemplate>();
  private readonly completers = new Map<string, Completer>();

  constructor(private readonly methods: ProviderMethods) {}

  onModuleInit(): void {
    for (const method of this.methods.with(TOOL)) {
      const tool = toolOf(method);
      add(this.tools, tool.name, tool, 'tools');
    }
    for (const method of this.methods.with(PROMPT)) {
      const prompt = promptOf(method);
      add(this.prompts, prompt.name, prompt, 'prompts');
    }
    for (const method of this.methods.with(RESOURCE)) {
      const resource = resourceOf(method);
      add(this.resources, resource.uri, resource, 'resources');
    }
    const lists = this.methods.with(RESOURCE_LIST);
    for (const method of this.methods.with(RESOURCE_TEMPLATE)) {
      const template = templateOf(method, lists);
      add(this.templates, template.uriTemplate, template, 'resource templates');
    }
    for (const { options, handle } of this.methods.with(COMPLETION))
      add(this.completers, completerKey(options as CompletionOptions), handle as Completer, 'completions');
  }

  get(name: string): RegisteredTool | undefined {
    return this.tools.get(name);
  }

  all(): RegisteredTool[] {
    return [...this.tools.values()];
  }

  /**
   * The operation that a message asks for; undefined where it names none that there is.
   * A completion shows what is behind a prompt or a template, and a subscription that it changes: both need what a read does.
   */
  operationOf(method: unknown, params: unknown): Operation | undefined {
    const given = (typeof params === 'object' && params !== null ? params : {}) as Params;
    switch (method) {
      case 'tools/call':
        return operation('tool', this.tools, given['name']);
      case 'prompts/get':
        return operation('prompt', this.prompts, given['name']);
      case 'resources/read':
      case 'resources/subscribe':
        return this.resourceAt(given['uri']);
      case 'completion/complete': {
        const ref = (given['ref'] ?? {}) as Params;
        return ref['type'] === 'ref/prompt'
          ? operation('prompt', this.prompts, ref['name'])
          : (operation('resource', this.templates, ref['uri']) ?? this.resourceAt(ref['uri']));
      }
      default:
        return undefined;
    }
  }

  completer(options: CompletionOptions): Completer | undefined {
    return this.completers.get(completerKey(options));
  }

  /** All that anything asks for: the resource's `scopes_supported`. */
  scopes(): Scope[] {
    const all = [this.tools, this.prompts, this.resources, this.templates].flatMap((one) => [
      ...(one as ReadonlyMap<string, { scopes: readonly Scope[] }>).values(),
    ]);
    return [...new Set(all.flatMap(({ scopes }) => scopes))].sort();
  }

  /** As the SDK finds what it reads: the URI itself first, then the first template that matches. */
  private resourceAt(uri: unknown): Operation | undefined {
    const href = typeof uri === 'string' ? URL.parse(uri)?.href : undefined;
    if (href === undefined) return undefined;
    const exact = operation('resource', this.resources, href);
    if (exact) return exact;
    const template = [...this.templates.values()].find((one) => one.template.match(href) !== null);
    return template && { kind: 'resource', name: template.uriTemplate, scopes: template.scopes };
  }
}

/** What of these the principal may use. */
export function visible<One extends { readonly scopes: readonly Scope[] }>(
  all: Iterable<One>,
  principal: Principal,
): One[] {
  return [...all].filter(({ scopes }) => missingScopes(principal.scopes, scopes).length === 0);
}

function add<One>(map: Map<string, One>, key: string, one: One, what: string): void {
  if (map.has(key)) throw new Error(`two ${what} are called ${key}`);
  map.set(key, one);
}

function operation(
  kind: Operation['kind'],
  map: ReadonlyMap<string, { readonly scopes: readonly Scope[] }>,
  name: unknown,
): Operation | undefined {
  const found = typeof name === 'string' ? map.get(name) : undefined;
  return found && { kind, name: String(name), scopes: found.scopes };
}
