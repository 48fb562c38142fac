import type { ClientCapabilities } from '@modelcontextprotocol/server';
import type { Principal } from '../access/principal.js';

/** Of RFC 5424, the least severe first. */
export const LOG_LEVELS = [
  'debug',
  'info',
  'notice',
  'warning',
  'error',
  'critical',
  'alert',
  'emergency',
] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** What a tool, a prompt or a resource knows of its call, beside its validated input. Never a credential (spec R7). */
export interface ToolCall {
  readonly principal: Principal;
  /** Aborted when the client cancels. */
  readonly signal: AbortSignal;
  /** What the client said it can do: sampling, elicitation, roots. */
  readonly clientCapabilities: ClientCapabilities;
  /** The client's answers to what an earlier `inputRequired(...)` asked, by key. They are input: check them. */
  readonly answers: Readonly<Record<string, unknown>>;
  /** What an earlier round {@link seal}ed, proven to come from us and from this caller. */
  readonly state: () => unknown;
  /** Makes the `requestState` of an `inputRequired(...)`: signed, bound to the caller, good for ten minutes, not secret. */
  readonly seal: (state: unknown) => Promise<string>;
  /** Reaches the client only where it asked for messages of this level. */
  readonly log: (level: LogLevel, data: unknown, logger?: string) => Promise<void>;
  /** Reaches the client only where it asked for progress. */
  readonly progress: (progress: number, total?: number, message?: string) => Promise<void>;
  /** Tells the sessions of this caller that subscribed to the resource, at whatever replica they listen. */
  readonly changed: (uri: string) => Promise<void>;
  /** Closes the stream of a long call, so that the client comes back for the rest (spec 2025-11-25, polling). */
  readonly disconnect: () => void;
}
