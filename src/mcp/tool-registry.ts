import { Injectable, type OnModuleInit, type Type } from '@nestjs/common';
import { DiscoveryService, MetadataScanner, Reflector } from '@nestjs/core';
import { z } from 'zod';
import { REQUIRED_SCOPES } from '../access/decorators.js';
import type { Principal } from '../access/principal.js';
import { missingScopes, type Scope } from '../access/scopes.js';
import { TOOL, type ToolCall, type ToolOptions } from './tool.decorator.js';

export interface RegisteredTool extends ToolOptions {
  readonly scopes: readonly Scope[];
  readonly handle: Method;
  /** Some argument must also stand in an `Mcp-Param-*` header (2026-07-28, `x-mcp-header`). */
  readonly mirrorsHeaders: boolean;
}

type Answer = Record<string, unknown>;
type Method = (input: unknown, call: ToolCall) => Answer | Promise<Answer>;

/** What clients of every revision take as a name (spec 2025-11-25, tools: names). */
const NAME = /^[A-Za-z0-9_.-]{1,128}$/;

/** Every `@Tool` of every provider, found once at the start. */
@Injectable()
export class ToolRegistry implements OnModuleInit {
  private readonly tools = new Map<string, RegisteredTool>();

  constructor(
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
    private readonly reflector: Reflector,
  ) {}

  onModuleInit(): void {
    const seen = new Set<object>();
    for (const provider of this.discovery.getProviders()) {
      const instance: unknown = provider.instance;
      // An alias (useExisting) shows the same object again.
      if (typeof instance !== 'object' || instance === null || seen.has(instance)) continue;
      seen.add(instance);
      const prototype = Object.getPrototypeOf(instance) as Record<string, Method | undefined> | null;
      for (const key of this.scanner.getAllMethodNames(prototype)) {
        const method = prototype?.[key];
        const options = method && this.reflector.get<ToolOptions | undefined>(TOOL, method);
        if (!method || !options) continue;
        if (!provider.isDependencyTreeStatic())
          throw new Error(`the tool ${options.name} is in a request-scoped provider; make it a singleton`);
        this.add(options, this.scopesOf(method, instance), method.bind(instance));
      }
    }
  }

  private add(options: ToolOptions, scopes: readonly Scope[], handle: Method): void {
    const { name, description, input } = options;
    if (!NAME.test(name))
      throw new Error(`'${name}' cannot be the name of a tool: it must match ${NAME.source}`);
    if (this.tools.has(name)) throw new Error(`two tools are called ${name}`);
    if (description.trim() === '') throw new Error(`the tool ${name} has no description`);
    if (!(input instanceof z.ZodObject)) throw new Error(`the input of the tool ${name} is not a z.object()`);
    const mirrorsHeaders = JSON.stringify(z.toJSONSchema(input, { io: 'input' })).includes('"x-mcp-header"');
    this.tools.set(name, { ...options, scopes, handle, mirrorsHeaders });
  }

  /** The class is the instance's own, since a factory provider names another; every class it extends counts too. */
  private scopesOf(method: Method, instance: object): Scope[] {
    const scopes = new Set(this.reflector.get<Scope[] | undefined>(REQUIRED_SCOPES, method) ?? []);
    for (
      let type: unknown = instance.constructor;
      typeof type === 'function';
      type = Object.getPrototypeOf(type)
    ) {
      for (const scope of this.reflector.get<Scope[] | undefined>(REQUIRED_SCOPES, type as Type) ?? [])
        scopes.add(scope);
    }
    return [...scopes];
  }

  get(name: string): RegisteredTool | undefined {
    return this.tools.get(name);
  }

  all(): RegisteredTool[] {
    return [...this.tools.values()];
  }

  /** Every scope the tool needs; undefined for an unknown tool. */
  requiredScopes(name: string): readonly Scope[] | undefined {
    return this.tools.get(name)?.scopes;
  }

  visibleTo(principal: Principal): RegisteredTool[] {
    return [...this.tools.values()].filter(
      (tool) => missingScopes(principal.scopes, tool.scopes).length === 0,
    );
  }

  /** All that any tool asks for: the resource's `scopes_supported`. */
  scopes(): Scope[] {
    return [...new Set([...this.tools.values()].flatMap((tool) => tool.scopes))].sort();
  }
}
