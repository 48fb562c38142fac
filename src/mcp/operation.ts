import type { Scope } from '../access/scopes.js';

export type OperationKind = 'tool' | 'prompt' | 'resource';

/** What is known of a tool, prompt or resource before it is called. */
export interface Guarded {
  readonly scopes: readonly Scope[];
  readonly rateLimit?: { readonly calls: number; readonly seconds: number };
  readonly annotations?: { readonly readOnlyHint?: boolean };
}

/** What one message asks for. */
export interface Operation {
  readonly kind: OperationKind;
  /** Of a resource: its URI. */
  readonly name: string;
  readonly scopes: readonly Scope[];
  /** Undefined: there is nothing of this name. */
  readonly found: Guarded | undefined;
  /** Nothing is changed by it, as far as its author promised. */
  readonly readOnly: boolean;
  readonly arguments: unknown;
}

/** Where operations are found. */
export interface OperationSource {
  find(kind: OperationKind, name: string): Guarded | undefined;
}

type Message = Readonly<Record<string, unknown>>;

const record = (value: unknown): Message =>
  typeof value === 'object' && value !== null ? (value as Message) : {};

/** The methods that reach a single tool, prompt or resource; a completion reaches what it completes for. */
function target({ method, params }: Message): { kind: OperationKind; name: unknown } | undefined {
  const { name, uri, ref } = record(params);
  switch (method) {
    case 'tools/call':
      return { kind: 'tool', name };
    case 'prompts/get':
      return { kind: 'prompt', name };
    case 'resources/read':
    case 'resources/subscribe':
      return { kind: 'resource', name: uri };
    case 'completion/complete': {
      const { type, name: prompt, uri: template } = record(ref);
      return type === 'ref/prompt' ? { kind: 'prompt', name: prompt } : { kind: 'resource', name: template };
    }
    default:
      return undefined;
  }
}

/** The operation of a JSON-RPC message; undefined for one that reaches none, such as a list or a handshake. */
export function operationOf(body: unknown, source: OperationSource): Operation | undefined {
  const message = record(body);
  const { kind, name } = target(message) ?? {};
  // A name that is no string is the protocol's to refuse: it finds nothing.
  if (kind === undefined || typeof name !== 'string') return undefined;
  const found = source.find(kind, name);
  const readOnly = kind !== 'tool' || found?.annotations?.readOnlyHint === true;
  const scopes = found?.scopes ?? [];
  return { kind, name, scopes, found, readOnly, arguments: record(message['params'])['arguments'] };
}
