/** Where a body has the token of the connection's own chain. */
export const CHAIN_SLOT = '{chain}';

/** What to send, again and again, and what must come back. Plain data: it is handed to the generator's process. */
export interface Load {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Header lines that say who calls, one for each connection in turn. */
  readonly credentials?: readonly Readonly<Record<string, string>>[];
  /** Sent in turn over all connections. None: requests have no body. */
  readonly bodies?: readonly string[];
  /** Each body is good for one request: running out of them is a failure. */
  readonly once?: boolean;
  /** Every connection begins with one of these in the slot of the body, and goes on with the `refresh_token` it got. */
  readonly chains?: readonly string[];
  readonly expect: Expectation;
}

export interface Expectation {
  readonly status: number;
  /** Every answer must contain this. */
  readonly contains: string;
}

export interface Job {
  readonly port: number;
  readonly connections: number;
  readonly warmUpSeconds: number;
  readonly seconds: number;
  readonly load: Load;
  /** Whose processor time is counted. */
  readonly server: readonly number[];
  readonly postmaster: number;
}

export interface Measured {
  readonly requests: number;
  readonly seconds: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  /** Processor seconds within the window. */
  readonly serverCpu: number;
  readonly postgresCpu: number;
  readonly generatorCpu: number;
  /** Of all else on this machine: what disturbed the measurement. */
  readonly foreignCpu: number;
  /** Bytes at the end of the window, of all the server's processes. */
  readonly memory: number;
}
