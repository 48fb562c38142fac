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
  /**
   * These are dealt out to the connections. Each puts its own in the slot of the body, one after the other, and keeps the
   * `refresh_token` it got in place of the one it sent.
   */
  readonly chains?: readonly string[];
  readonly expect: Expectation;
}

export interface Expectation {
  readonly status: number;
  /** Every answer must contain this. */
  readonly contains: string;
  /** An answer that is no mistake but does not count as done: the service said that it has too much to do. */
  readonly declined?: number;
}

export interface Job {
  /** The connections are spread over them. */
  readonly ports: readonly number[];
  readonly connections: number;
  readonly warmUpSeconds: number;
  readonly seconds: number;
  /** Requests are due at this rate, whether or not those before were answered. Undefined: as fast as they are answered. */
  readonly perSecond?: number;
  readonly load: Load;
  /** Whose processor time is counted. */
  readonly server: readonly number[];
  readonly postmaster: number;
}

export interface Measured {
  readonly requests: number;
  readonly declined: number;
  /** Of warming up too. */
  readonly all: number;
  readonly seconds: number;
  /** Milliseconds, of the requests that were done; since they were due. */
  readonly p50: number;
  readonly p99: number;
  /** Processor seconds within the window. */
  readonly serverCpu: number;
  readonly postgresCpu: number;
  readonly generatorCpu: number;
  /** Of all else on this machine: what disturbed the measurement. */
  readonly foreignCpu: number;
  /** The last token of each chain, but for those whose answer was not awaited. */
  readonly chains?: readonly string[];
  /** Bytes at the end of the window, of all the server's processes. */
  readonly memory: number;
}
