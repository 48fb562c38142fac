import type { Principal } from '../../access/principal.js';
import { ToolgateError } from '../../errors/toolgate-error.js';
import type { ResourceGuard } from '../../guard/resource-guard.js';
import { isObject, type Json, type Message } from './message.js';
import { OPEN, OPEN_NOTIFICATIONS, type Operation, READS } from './operation.js';
import type { Needed, Policy } from './policy.js';
import { RpcError } from './rpc-error.js';
import type { ToolCatalogue } from './tool-catalogue.js';

const LONGEST_NAME = 2048;

function text(params: Json, field: string): string {
  const value = params[field];
  // Half a surrogate pair is another character to other parsers.
  if (typeof value !== 'string' || value.length > LONGEST_NAME || /\p{Surrogate}/u.test(value))
    throw new RpcError(
      400,
      -32602,
      `\`params.${field}\` must be a string of at most ${LONGEST_NAME} characters, in whole Unicode characters.`,
    );
  return value;
}

/** What a caller may do, decided on the message before anything of it goes on. */
export class Authorization {
  constructor(
    readonly policy: Policy,
    private readonly tools: ToolCatalogue,
    private readonly guard: ResourceGuard,
  ) {}

  /** @throws ToolgateError `insufficient_scope`, `not_allowed`; RpcError for a method that is closed or malformed */
  async require(message: Message, principal: Principal): Promise<void> {
    if (message.kind === 'response') return;
    for (const { needed, what } of await this.needs(message)) {
      if (needed === 'deny') throw new ToolgateError('not_allowed', { detail: `${what} is closed here.` });
      this.guard.requireScopes(principal, needed, `${what} needs: ${needed.join(' ')}`);
    }
  }

  /** May this caller see it in a list? */
  allows(principal: Principal, needed: Needed): boolean {
    if (needed === 'deny') return false;
    try {
      this.guard.requireScopes(principal, needed);
      return true;
    } catch {
      return false;
    }
  }

  /** Whether nothing is changed by it, as far as its server and the policy say. What was asked of the server is known. */
  onlyReads({ kind, name }: Operation): boolean {
    if (kind === 'tool') return this.policy.onlyReads('tools', name, this.tools.get(name));
    return kind !== 'method' || this.policy.onlyReads('methods', name, undefined);
  }

  private async needs({ kind, method, params }: Message): Promise<{ needed: Needed; what: string }[]> {
    const byMethod = this.policy.method(method);
    const own = byMethod === undefined ? [] : [{ needed: byMethod, what: `The method ${method}` }];
    const resource = (uri: string) => ({ needed: this.policy.resource(uri), what: `The resource ${uri}` });
    const prompt = (name: string) => ({ needed: this.policy.prompt(name), what: `The prompt ${name}` });
    switch (method) {
      case 'tools/call': {
        const name = text(params, 'name');
        const known = await this.tools.find(name);
        return [...own, { needed: this.policy.tool(name, known), what: `The tool ${name}` }];
      }
      case 'prompts/get':
        return [...own, prompt(text(params, 'name'))];
      case 'resources/read':
      case 'resources/subscribe':
      case 'resources/unsubscribe':
        return [...own, resource(text(params, 'uri'))];
      case 'completion/complete': {
        const ref = isObject(params['ref']) ? params['ref'] : {};
        return [
          ...own,
          ref['type'] === 'ref/resource' ? resource(text(ref, 'uri')) : prompt(text(ref, 'name')),
        ];
      }
      case 'subscriptions/listen':
        return [...own, { needed: this.policy.read, what: method }, ...this.listened(params).map(resource)];
    }
    if (own.length > 0 || OPEN.has(method)) return own;
    if (kind === 'notification' && OPEN_NOTIFICATIONS.has(method)) return [];
    if (READS.has(method)) return [{ needed: this.listing(method), what: method }];
    // A notification has nobody to tell that its method is unknown, and the policy did not open it.
    throw new RpcError(
      404,
      -32601,
      `The method ${method} is not open here. The policy may open it under \`methods\`.`,
    );
  }

  /** A list shows each caller its own part, which may be nothing: asking for it is free. */
  private listing(method: string): Needed {
    return method === 'logging/setLevel' ? this.policy.read : [];
  }

  private listened(params: Json): string[] {
    const filter = isObject(params['notifications']) ? params['notifications'] : {};
    const uris = filter['resourceSubscriptions'] ?? [];
    if (!Array.isArray(uris)) throw new RpcError(400, -32602, '`resourceSubscriptions` must be a list.');
    return uris.map((_, index) => text(uris as unknown as Json, String(index)));
  }
}
