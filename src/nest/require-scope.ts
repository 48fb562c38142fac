import { REQUIRED_SCOPES } from '../access/decorators.js';
import type { Scope } from '../access/scopes.js';
import { rememberTools } from './scoped-tools.js';

type Method = (...parameters: never[]) => unknown;

function addTo(target: object, key: string, scopes: readonly Scope[]): void {
  const before = (Reflect.getMetadata(key, target) ?? []) as readonly Scope[];
  Reflect.defineMetadata(key, [...new Set([...before, ...scopes])], target);
}

/**
 * Every scope named must be held. On a class and its method they add up. On a method that is a tool of `@rekog/mcp-nest`,
 * calls of the tool need them too, and lists show it only to those who may call it.
 */
export const RequireScope =
  (...scopes: Scope[]): ClassDecorator & MethodDecorator =>
  (target: object, _key?: string | symbol, descriptor?: PropertyDescriptor): void => {
    if (descriptor) {
      addTo(descriptor.value as Method, REQUIRED_SCOPES, scopes);
      rememberTools([descriptor.value as Method], scopes);
      return;
    }
    addTo(target, REQUIRED_SCOPES, scopes);
    const { prototype } = target as { prototype: object };
    const methods = Object.values(Object.getOwnPropertyDescriptors(prototype)).map(
      ({ value }) => value as unknown,
    );
    rememberTools(
      methods.filter((value): value is Method => typeof value === 'function'),
      scopes,
    );
  };
