import { Injectable } from '@nestjs/common';
import {
  McpServer,
  type McpServerOptions,
  ProtocolError,
  ProtocolErrorCode,
  ResourceTemplate,
} from '@modelcontextprotocol/server';
import { VERSION } from '../config/version.js';
import { CallContexts } from './call-context.js';
import { Handlers } from './handlers.js';
import type { Serving } from './serving.js';
import { operationOf } from './operation.js';
import { ToolRegistry } from './tool-registry.js';

/** What depends on who asks may not be shared (spec R20). */
const PRIVATE = { cacheScope: 'private' } as const;
const HINTS: NonNullable<McpServerOptions['cacheHints']> = {
  'tools/list': PRIVATE,
  'prompts/list': PRIVATE,
  'resources/list': PRIVATE,
  'resources/templates/list': PRIVATE,
  'resources/read': PRIVATE,
};
/** Most that one completion may suggest (spec, completion). */
const MOST_SUGGESTED = 100;

/** Makes the server of one message: it knows what its caller may use, and of that only what the message can reach. */
@Injectable()
export class ServerFactory {
  constructor(
    private readonly registry: ToolRegistry,
    private readonly handlers: Handlers,
    private readonly calls: CallContexts,
  ) {}

  serverFor(serving: Serving): McpServer {
    const { prompts, resources, templates } = this.registry;
    const server = new McpServer(
      { name: 'toolgate', version: VERSION },
      {
        capabilities: {
          // A server of one message cannot tell anybody later that its tools changed.
          tools: { listChanged: false },
          logging: {},
          ...(prompts.size > 0 && { prompts: { listChanged: false } }),
          ...(resources.size + templates.size > 0 && {
            resources: { listChanged: false, ...(serving.session && { subscribe: true }) },
          }),
          ...(prompts.size + templates.size > 0 && { completions: {} }),
        },
        cacheHints: HINTS,
        requestState: { verify: (state, context) => this.calls.requestState.verify(state, context) },
      },
    );
    const { method } = serving.message;
    if (method === 'tools/list' || method === 'tools/call') this.addTools(server, serving);
    else if (method === 'prompts/list' || method === 'prompts/get') this.addPrompts(server, serving);
    else if (typeof method === 'string' && method.startsWith('resources/'))
      this.addResources(server, serving);
    if (method === 'completion/complete') this.addCompletion(server, serving);
    if (serving.session) addSession(server, serving.session);
    return server;
  }

  private addTools(server: McpServer, serving: Serving): void {
    for (const tool of this.registry.visible(this.named(this.registry.all(), serving), serving.principal)) {
      const { name, input, output, title, description, annotations } = tool;
      const shown = { description, ...(title !== undefined && { title }), ...(annotations && { annotations }) };
      server.registerTool(
        name,
        { ...shown, inputSchema: input, ...(output && { outputSchema: output }) },
        (args, context) => this.handlers.callTool(tool, args, this.calls.of(serving, context)),
      );
    }
  } // prettier-ignore

  private addPrompts(server: McpServer, serving: Serving): void {
    const all = this.named(this.registry.prompts.values(), serving);
    for (const prompt of this.registry.visible(all, serving.principal)) {
      const { name, title, description, input } = prompt;
      const shown = { description, ...(title !== undefined && { title }) };
      if (input)
        server.registerPrompt(name, { ...shown, argsSchema: input }, (args, context) =>
          this.handlers.answer(`prompt ${name}`, () => prompt.handle(args, this.calls.of(serving, context))),
        );
      else
        server.registerPrompt(name, shown, (context) =>
          this.handlers.answer(`prompt ${name}`, () => prompt.handle({}, this.calls.of(serving, context))),
        );
    }
  }

  private addResources(server: McpServer, serving: Serving): void {
    const { principal } = serving;
    for (const resource of this.registry.visible(this.registry.resources.values(), principal)) {
      const { uri, name, scopes: _scopes, handle, ...shown } = resource;
      server.registerResource(name, uri, shown, (url, context) =>
        this.handlers.answer(`resource ${name}`, () => handle(url.href, this.calls.of(serving, context))),
      );
    }
    for (const one of this.registry.visible(this.registry.templates.values(), principal)) {
      const { uriTemplate: _uri, name, scopes: _scopes, handle, list, template, ...shown } = one;
      const listed = new ResourceTemplate(template, {
        list: list && (async (context) => ({ resources: await this.handlers.answer(`list of ${name}`, () => list(this.calls.of(serving, context))) })),
      }); // prettier-ignore
      server.registerResource(
        name,
        listed,
        shown,
        (url, values, context) =>
        this.handlers.answer(`resource ${name}`, () => handle(url.href, this.calls.of(serving, context), values)), // prettier-ignore
      );
    }
  }

  private addCompletion(server: McpServer, serving: Serving): void {
    server.server.setRequestHandler('completion/complete', async ({ params }, context) => {
      const { ref, argument } = params;
      const of = ref.type === 'ref/prompt' ? { prompt: ref.name } : { uriTemplate: ref.uri };
      if (!operationOf({ method: 'completion/complete', params }, this.registry)?.found)
        throw new ProtocolError(ProtocolErrorCode.InvalidParams, 'There is nothing of that name to complete');
      const complete = this.registry.completer({ of, argument: argument.name });
      const all = await this.handlers.answer('completion', () =>
        complete ? complete(argument.value, this.calls.of(serving, context)) : [],
      );
      const values = all.slice(0, MOST_SUGGESTED);
      return { completion: { values, total: all.length, hasMore: all.length > values.length } };
    });
  }

  /** A call reaches one of them, so one is enough. */
  private *named<One extends { readonly name: string }>(
    all: Iterable<One>,
    { message: { method, params } }: Serving,
  ): Iterable<One> {
    const name = (params as { name?: unknown } | undefined)?.name;
    const one = method === 'tools/call' || method === 'prompts/get';
    for (const each of all) if (!one || each.name === name) yield each;
  }
}

/** The state of a session is in the database, and the server of this message only passes it there. */
function addSession({ server }: McpServer, session: NonNullable<Serving['session']>): void {
  server.setRequestHandler('logging/setLevel', async ({ params }) => {
    await session.setLogLevel(params.level);
    return {};
  });
  server.setRequestHandler('resources/subscribe', async ({ params }) => {
    await session.subscribe(params.uri);
    return {};
  });
  server.setRequestHandler('resources/unsubscribe', async ({ params }) => {
    await session.unsubscribe(params.uri);
    return {};
  });
}
