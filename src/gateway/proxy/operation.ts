import { isObject, type Message } from './message.js';

/** What a message reaches at the server behind, as the audit trail names it. */
export interface Operation {
  readonly kind: 'tool' | 'prompt' | 'resource' | 'method';
  readonly name: string;
}

/** Needs no more than to be somebody: they tell nothing that the guard does not tell itself. */
export const OPEN: ReadonlySet<string> = new Set(['initialize', 'ping', 'server/discover']);
export const OPEN_NOTIFICATIONS: ReadonlySet<string> = new Set([
  'notifications/initialized',
  'notifications/cancelled',
  'notifications/progress',
  'notifications/roots/list_changed',
]);
export const READS: ReadonlySet<string> = new Set([
  'tools/list',
  'prompts/list',
  'resources/list',
  'resources/templates/list',
  'subscriptions/listen',
  'logging/setLevel',
]);

/** Undefined for what reaches none (an answer, a handshake, a list), and for what names none although it should. */
export function operationOf({ kind, method, params }: Message): Operation | undefined {
  if (kind === 'response') return undefined;
  const named = (as: Operation['kind'], name: unknown): Operation | undefined =>
    typeof name === 'string' ? { kind: as, name } : undefined;
  switch (method) {
    case 'tools/call':
      return named('tool', params['name']);
    case 'prompts/get':
      return named('prompt', params['name']);
    case 'resources/read':
    case 'resources/subscribe':
    case 'resources/unsubscribe':
      return named('resource', params['uri']);
    case 'completion/complete': {
      const ref = isObject(params['ref']) ? params['ref'] : {};
      return ref['type'] === 'ref/resource' ? named('resource', ref['uri']) : named('prompt', ref['name']);
    }
    default:
      return OPEN.has(method) || OPEN_NOTIFICATIONS.has(method) || READS.has(method)
        ? undefined
        : { kind: 'method', name: method };
  }
}
