import type { Readable } from 'node:stream';
import type { Principal } from '../../access/principal.js';
import type { Message } from './message.js';
import type { KnownTool } from './policy.js';

/** One request that was checked, on its way to the server behind. */
export interface Forwarded {
  readonly method: 'POST' | 'GET' | 'DELETE';
  /** With POST alone. */
  readonly message: Message | undefined;
  /** The server's own id of the session. */
  readonly session: string | undefined;
  /** Of the protocol alone: no credential, no cookie, nothing that a proxy adds. */
  readonly headers: Readonly<Record<string, string>>;
  readonly principal: Principal;
  /** The caller is gone. */
  readonly signal: AbortSignal;
}

export interface UpstreamAnswer {
  readonly status: number;
  readonly contentType: string | undefined;
  readonly session: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Readable;
}

export interface Upstream {
  /** Its URL, or its command: for people, and as the audience of assertions. */
  readonly name: string;

  /** @throws RpcError 502, 503 or 504 when the server cannot be asked or does not answer */
  forward(request: Forwarded): Promise<UpstreamAnswer>;

  /** All its tools, as the guard itself sees them. */
  listTools(): Promise<KnownTool[]>;

  close(): Promise<void>;
}
