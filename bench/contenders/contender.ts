import type { Load } from '../load/load.js';
import type { Operation } from '../operations.js';

/** A request that must be refused, or no figure counts. What it does not say is as in the load. */
export interface Refusal {
  readonly why: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly statuses: readonly number[];
  readonly contains?: string;
}

/** A load, made afresh for each round, and how to see beforehand that it is answered rightly. */
export interface Trial {
  readonly load: Load;
  /** A body of its own for the one request whose answer is looked at closely. */
  readonly sample?: string;
  readonly refusals: readonly Refusal[];
}

/** How much a trial is for. */
export interface Extent {
  readonly connections: number;
  readonly seconds: number;
}

export interface Contender {
  readonly name: string;
  /** What stands in the report: name and version. */
  readonly title: string;
  readonly port: number;
  readonly pids: readonly number[];
  /** Where its public keys are, with which its access tokens are checked. */
  readonly jwksPath: string;
  readonly issuer: string;
  readonly operations: ReadonlySet<Operation>;
  /** Why an operation is missing, or is not quite the same. */
  readonly remarks: Readonly<Partial<Record<Operation, string>>>;
  trial(operation: Operation, extent: Extent): Promise<Trial>;
  stop(): Promise<void>;
}

/** What a contender needs to start. */
export interface Surroundings {
  /** For logs and the like; gone afterwards. */
  readonly directory: string;
  readonly postgresUrl: string;
  readonly cores: string | undefined;
  readonly processes: number;
}
