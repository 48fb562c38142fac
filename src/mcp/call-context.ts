import { Injectable, Logger } from '@nestjs/common';
import {
  CLIENT_CAPABILITIES_META_KEY,
  type ClientCapabilities,
  createRequestStateCodec,
  LOG_LEVEL_META_KEY,
  type RequestStateCodec,
  type ServerContext,
} from '@modelcontextprotocol/server';
import { type Principal, ownerOf } from '../access/principal.js';
import { MasterKey } from '../crypto/master-key.js';
import type { Serving } from './serving.js';
import { SessionEvents } from './sessions/session-events.js';
import { LOG_LEVELS, type LogLevel, type ToolCall } from './tool-call.js';

/** Makes what a handler sees of the SDK's context: what it may use, and no credential, header or transport. */
@Injectable()
export class CallContexts {
  private readonly logger = new Logger(CallContexts.name);
  /** Any replica can open what another sealed, for the same caller and the same kind of request. */
  readonly requestState: RequestStateCodec;

  constructor(
    masterKey: MasterKey,
    private readonly events: SessionEvents,
  ) {
    this.requestState = createRequestStateCodec({
      key: masterKey.forRequestState,
      bind: ({ http, mcpReq }) =>
        JSON.stringify([
          ownerOf((http?.authInfo?.extra as { principal: Principal }).principal),
          mcpReq.method,
        ]),
    });
  }

  /** For a tool that said it only answers: there is no way to say anything else. */
  plain(principal: Principal, gone: () => AbortSignal): ToolCall {
    return new PlainCall(principal, gone, (uri) => this.tellChange(principal, uri));
  }

  of({ principal, session }: Serving, context: ServerContext): ToolCall {
    const { mcpReq, http } = context;
    return {
      principal,
      signal: mcpReq.signal,
      clientCapabilities: session?.clientCapabilities ?? declaredIn(mcpReq) ?? {},
      answers: mcpReq.inputResponses ?? {},
      state: () => mcpReq.requestState(),
      seal: (state) => this.requestState.mint(state, context),
      log: async (level, data, logger) => {
        if (!wantsLog(level, mcpReq, session)) return;
        const params = { level, data, ...(logger !== undefined && { logger }) };
        await mcpReq.notify({ method: 'notifications/message', params });
      },
      progress: async (progress, total, message) => {
        const progressToken = mcpReq._meta?.progressToken;
        if (progressToken === undefined) return;
        const amount = { progress, ...(total !== undefined && { total }), ...(message !== undefined && { message }) };
        await mcpReq.notify({ method: 'notifications/progress', params: { progressToken, ...amount } });
      },
      changed: (uri) => this.tellChange(principal, uri),
      disconnect: () => http?.closeSSE?.(),
    };
  } // prettier-ignore

  /** What was done is done, whether or not anybody could be told. */
  private async tellChange(principal: Principal, uri: string): Promise<void> {
    await this.events.resourceChanged(principal, uri).catch((error: unknown) => {
      this.logger.warn(
        `a change could not be told: ${error instanceof Error ? error.message : typeof error}`,
      );
    });
  }
}

const onlyAnswers = (): Promise<never> =>
  Promise.reject(new Error('a tool declared `plain` can only answer: take `plain` from its @Tool'));
const nothing = () => undefined;

/** A class, because V8 keeps a shape, and all that its closure sees, of every object literal that has a getter. */
class PlainCall implements ToolCall {
  readonly clientCapabilities = {};
  readonly answers = {};
  readonly state = nothing;
  readonly seal = onlyAnswers;
  readonly log = onlyAnswers;
  readonly progress = onlyAnswers;
  readonly disconnect = nothing;

  constructor(
    readonly principal: Principal,
    private readonly gone: () => AbortSignal,
    readonly changed: ToolCall['changed'],
  ) {}

  /** Made only for who asks: most calls are over before anybody could go away. */
  get signal(): AbortSignal {
    return this.gone();
  }
}

/** The SDK has checked these against the protocol's schema. */
interface Envelope {
  readonly [CLIENT_CAPABILITIES_META_KEY]?: ClientCapabilities;
  readonly [LOG_LEVEL_META_KEY]?: LogLevel;
}

const declaredIn = ({ envelope }: ServerContext['mcpReq']) =>
  (envelope as Envelope | undefined)?.[CLIENT_CAPABILITIES_META_KEY];

/** 2026-07-28: a request asks for messages or gets none. Before: all, until the session says which. */
function wantsLog(
  level: LogLevel,
  { envelope }: ServerContext['mcpReq'],
  session: Serving['session'],
): boolean {
  const asked = (envelope as Envelope | undefined)?.[LOG_LEVEL_META_KEY];
  if (envelope !== undefined && asked === undefined) return false;
  const threshold = asked ?? session?.logLevel ?? 'debug';
  return LOG_LEVELS.indexOf(level) >= LOG_LEVELS.indexOf(threshold);
}
