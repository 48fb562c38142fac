import type { Load, Measured } from '../load/load.js';
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
  /** What a good answer is, where it is not what the operation says. @throws Error when this one is none. */
  readonly check?: (answer: unknown) => void;
  /** Told how the round went. */
  readonly done?: (measured: Measured) => void;
}

/** How much a trial is for. */
export interface Extent {
  readonly connections: number;
  readonly seconds: number;
}

/** What a contender can do, and how each is asked of it. */
export type Trials = Readonly<Partial<Record<Operation, (extent: Extent) => Trial | Promise<Trial>>>>;

export interface Window extends Extent {
  readonly warmUpSeconds: number;
}

interface Named {
  readonly name: string;
  /** What stands in the report: name and version. */
  readonly title: string;
  /** Why an operation is missing, or is not quite the same. */
  readonly remarks: Readonly<Partial<Record<Operation, string>>>;
  stop(): Promise<void>;
}

/** Something that listens. Several ports are several processes on one database, as behind a load balancer. */
export interface Server extends Named {
  readonly ports: readonly [number, ...number[]];
  readonly pids: readonly number[];
  /** Where its public keys are, with which its access tokens are checked. */
  readonly jwksPath: string;
  readonly issuer: string;
  readonly databaseUrl: string;
  readonly trials: Trials;
  /** Of its first process, over its IPC channel. */
  readonly ask: <Output>(what: string, input: object) => Promise<Output>;
}

/** Work without a server around it: what no server can be better than. */
export interface Floor extends Named {
  readonly operation: Operation;
  measure(window: Window): Promise<Measured>;
}

export type Contender = Server | Floor;

export const isFloor = (contender: Contender): contender is Floor => 'measure' in contender;
export const offers = (contender: Contender, operation: Operation): boolean =>
  isFloor(contender) ? contender.operation === operation : contender.trials[operation] !== undefined;

/** What a contender needs to start. */
export interface Surroundings {
  /** For logs and the like; gone afterwards. */
  readonly directory: string;
  readonly postgresUrl: string;
  readonly cores: string | undefined;
  readonly processes: number;
}
