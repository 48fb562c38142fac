import { Injectable, type OnModuleInit } from '@nestjs/common';
import { DiscoveryService, MetadataScanner, Reflector } from '@nestjs/core';
import { REQUIRED_SCOPES } from '../access/decorators.js';
import type { Principal } from '../access/principal.js';
import { missingScopes, type Scope } from '../access/scopes.js';
import { TOOL, type ToolCall, type ToolOptions } from './tool.decorator.js';

export interface RegisteredTool extends ToolOptions {
  readonly scopes: readonly Scope[];
  readonly handle: (input: unknown, call: ToolCall) => Promise<Record<string, unknown>>;
}

type Method = (input: unknown, call: ToolCall) => Promise<Record<string, unknown>>;

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
    for (const { instance, metatype } of this.discovery.getProviders()) {
      if (typeof instance !== 'object' || instance === null || typeof metatype !== 'function') continue;
      const methods = instance as Record<string, Method>;
      for (const name of this.scanner.getAllMethodNames(Object.getPrototypeOf(instance) as object)) {
        const method = methods[name];
        const options = method && this.reflector.get<ToolOptions | undefined>(TOOL, method);
        if (!method || !options) continue;
        if (this.tools.has(options.name)) throw new Error(`two tools are called ${options.name}`);
        const scopes = [
          ...new Set(
            this.reflector
              .getAll<(Scope[] | undefined)[]>(REQUIRED_SCOPES, [method, metatype])
              .flatMap((own) => own ?? []),
          ),
        ];
        this.tools.set(options.name, { ...options, scopes, handle: method.bind(instance) });
      }
    }
  }

  get(name: string): RegisteredTool | undefined {
    return this.tools.get(name);
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
