import type { AuthInfo, ClientCapabilities } from '@modelcontextprotocol/server';
import type { Principal } from '../access/principal.js';
import type { LogLevel } from './tool-call.js';

/** What a session keeps between its messages, as far as a server needs it. */
export interface SessionState {
  readonly clientCapabilities: ClientCapabilities;
  readonly logLevel: LogLevel | undefined;
  setLogLevel(level: LogLevel): Promise<void>;
  subscribe(uri: string): Promise<void>;
  unsubscribe(uri: string): Promise<void>;
}

/** For whom, and for what, a server is made. */
export interface Serving {
  readonly principal: Principal;
  readonly message: { readonly method?: unknown; readonly params?: unknown };
  /** Only clients of the 2025 revisions have one. */
  readonly session?: SessionState;
}

/** What the SDK carries to our handlers. The raw token stays behind: they get the principal. */
export function authInfoOf(serving: Serving): AuthInfo {
  const { principal } = serving;
  return { token: '', clientId: principal.kind, scopes: [...principal.scopes], extra: { ...serving } };
}
