import { Injectable, type Type } from '@nestjs/common';
import { MetadataScanner, Reflector } from '@nestjs/core';
import { REQUIRED_SCOPES } from '../access/decorators.js';
import type { Scope } from '../access/scopes.js';
import { ApplicationProviders } from './application-providers.js';

type Method = (...parameters: unknown[]) => unknown;

/** A method of a provider that carries some metadata, bound to its instance. */
export interface ProviderMethod {
  readonly options: unknown;
  readonly scopes: readonly Scope[];
  readonly handle: Method;
}

/** Finds decorated methods of every provider of the application. */
@Injectable()
export class ProviderMethods {
  constructor(
    private readonly providers: ApplicationProviders,
    private readonly scanner: MetadataScanner,
    private readonly reflector: Reflector,
  ) {}

  /** @throws when one is in a provider that is made per request: its scopes are checked before there is any. */
  with(metadata: string): ProviderMethod[] {
    const seen = new Set<object>();
    const found: ProviderMethod[] = [];
    for (const provider of this.providers.all()) {
      const instance: unknown = provider.instance;
      // An alias (useExisting) shows the same object again.
      if (typeof instance !== 'object' || instance === null || seen.has(instance)) continue;
      seen.add(instance);
      const prototype = Object.getPrototypeOf(instance) as Record<string, Method | undefined> | null;
      for (const key of this.scanner.getAllMethodNames(prototype)) {
        const method = prototype?.[key];
        const options = method && this.reflector.get<unknown>(metadata, method);
        if (!method || options === undefined) continue;
        if (!provider.isDependencyTreeStatic())
          throw new Error(`${key} of ${instance.constructor.name} is in a request-scoped provider; make it a singleton`); // prettier-ignore
        found.push({ options, scopes: this.scopesOf(method, instance), handle: method.bind(instance) });
      }
    }
    return found;
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
}
