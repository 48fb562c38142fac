import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { Principal } from '../access/principal.js';
import type { Scope } from '../access/scopes.js';
import type { Config } from '../config/config.js';
import { InjectConfig } from '../config/config.token.js';
import type { Guarded, OperationKind } from './operation.js';
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

type Completer = (typed: string, call: ToolCall) => string[] | Promise<string[]>;

const completerKey = ({ of, argument }: CompletionOptions) => JSON.stringify([of, argument]);

/** Every `@Tool`, `@Prompt`, `@Resource` and `@ResourceTemplate` of every provider, found once at the start. */
@Injectable()
export class ToolRegistry implements OnModuleInit {
  private readonly tools = new Map<string, RegisteredTool>();
  readonly prompts = new Map<string, RegisteredPrompt>();
  readonly resources = new Map<string, RegisteredResource>();
  readonly templates = new Map<string, RegisteredTemplate>();
  private readonly completers = new Map<string, Completer>();

  constructor(
    private readonly methods: ProviderMethods,
    @InjectConfig() private readonly config: Config,
  ) {}

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

  /** A resource by its URI, or by the template that it is completed for. */
  find(kind: OperationKind, name: string): Guarded | undefined {
    switch (kind) {
      case 'tool':
        return this.tools.get(name);
      case 'prompt':
        return this.prompts.get(name);
      case 'resource':
        return this.templates.get(name) ?? this.resourceAt(name);
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

  /** What of these the principal may use. */
  visible<One extends Guarded>(all: Iterable<One>, principal: Principal): One[] {
    return [...all].filter(({ scopes }) => this.config.scopes.missing(principal.scopes, scopes).length === 0);
  }

  /** As the SDK finds what it reads: the URI itself first, then the first template that matches. */
  private resourceAt(uri: string): Guarded | undefined {
    const href = URL.parse(uri)?.href;
    if (href === undefined) return undefined;
    return (
      this.resources.get(href) ??
      [...this.templates.values()].find((one) => one.template.match(href) !== null)
    );
  }
}

function add<One>(map: Map<string, One>, key: string, one: One, what: string): void {
  if (map.has(key)) throw new Error(`two ${what} are called ${key}`);
  map.set(key, one);
}
