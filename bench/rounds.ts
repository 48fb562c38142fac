import {
  type Contender,
  isFloor,
  offers,
  type Server,
  type Trial,
  type Window,
} from './contenders/contender.js';
import type { Job, Measured } from './load/load.js';
import { type Operation } from './operations.js';
import type { Worker } from './processes.js';
import { prove } from './proof.js';
import { median } from './statistics.js';

/** The medians of an operation's rounds at one contender. */
export interface Figure {
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  /** Processor microseconds per request. */
  readonly serverMicros: number;
  readonly postgresMicros: number;
  /** Bytes of write-ahead log per request. */
  readonly walBytes: number;
  /** Share of one core. */
  readonly serverBusy: number;
  readonly generatorBusy: number;
  readonly postgresBusy: number;
  /** Cores' worth of work that was not ours. */
  readonly foreignBusy: number;
  /** Resident bytes of all the server's processes, and the most that any round saw. */
  readonly memory: number;
  readonly peakMemory: number;
  /** Requests per second of each round. */
  readonly rounds: readonly number[];
}
export type Cell = { readonly figure: Figure } | { readonly failed: string };
export type Results = ReadonlyMap<Operation, ReadonlyMap<string, Cell>>;

export interface Plan {
  readonly operations: readonly Operation[];
  readonly rounds: number;
  readonly seconds: number;
  readonly connections: number;
}

export interface Bench {
  readonly generator: Worker;
  readonly postmaster: number;
  /** How much write-ahead log Postgres has written so far, in bytes. */
  readonly walBytes: () => Promise<number>;
  readonly progress: (line: string) => void;
}

const FIRST_WARM_UP_SECONDS = 2;
const WARM_UP_SECONDS = 0.5;

/** Of one round; the log that was written while it was warming up, too. */
export type Round = Measured & { readonly walBytes: number };

export function figureOf(rounds: readonly Round[]): Figure {
  const of = (value: (one: Round) => number) => median(rounds.map(value));
  return {
    perSecond: of(({ requests, seconds }) => requests / seconds),
    p50: of(({ p50 }) => p50),
    p99: of(({ p99 }) => p99),
    serverMicros: of(({ serverCpu, requests }) => (serverCpu * 1e6) / requests),
    postgresMicros: of(({ postgresCpu, requests }) => (postgresCpu * 1e6) / requests),
    walBytes: of(({ walBytes, all }) => walBytes / all),
    serverBusy: of(({ serverCpu, seconds }) => serverCpu / seconds),
    postgresBusy: of(({ postgresCpu, seconds }) => postgresCpu / seconds),
    generatorBusy: of(({ generatorCpu, seconds }) => generatorCpu / seconds),
    foreignBusy: of(({ foreignCpu, seconds }) => foreignCpu / seconds),
    memory: of(({ memory }) => memory),
    peakMemory: Math.max(...rounds.map(({ memory }) => memory)),
    rounds: rounds.map(({ requests, seconds }) => Math.round(requests / seconds)),
  };
}

/** A trial whose good answers were seen to be right and whose bad ones are refused. */
export async function provenTrial(
  server: Server,
  operation: Operation,
  { connections, seconds, warmUpSeconds }: Window,
) {
  const make = server.trials[operation];
  if (!make) throw new Error(`${server.title} does not offer ${operation}`);
  const trial = await make({ connections, seconds: seconds + warmUpSeconds });
  await prove(server, operation, trial);
  return trial;
}

export const jobOf = (server: Server, { load }: Trial, window: Window, postmaster: number): Job => ({
  ...window,
  ports: server.ports,
  load,
  server: server.pids,
  postmaster,
});

export async function oneRound(
  { generator, postmaster, walBytes }: Bench,
  contender: Contender,
  operation: Operation,
  window: Window,
): Promise<Round> {
  if (isFloor(contender)) return { ...(await contender.measure(window)), walBytes: 0 };
  const trial = await provenTrial(contender, operation, window);
  const before = await walBytes();
  const measured = await generator.ask<Measured>(jobOf(contender, trial, window, postmaster));
  trial.done?.(measured);
  return { ...measured, walBytes: (await walBytes()) - before };
}

/** Operation by operation: every contender once, then every contender again, so that what disturbs the machine disturbs all. */
export async function measureAll(
  bench: Bench,
  contenders: readonly Contender[],
  plan: Plan,
): Promise<Results> {
  const results = new Map<Operation, Map<string, Cell>>();
  for (const operation of plan.operations) {
    const able = contenders.filter((contender) => offers(contender, operation));
    const measured = new Map(able.map(({ name }): [string, Round[]] => [name, []]));
    const failed = new Map<string, string>();
    for (let round = 0; round < plan.rounds; round += 1) {
      for (const contender of able) {
        const { name } = contender;
        if (failed.has(name)) continue;
        try {
          const warmUpSeconds = round === 0 ? FIRST_WARM_UP_SECONDS : WARM_UP_SECONDS;
          measured.get(name)?.push(await oneRound(bench, contender, operation, { ...plan, warmUpSeconds }));
        } catch (error) {
          failed.set(name, (error as Error).message);
        }
      }
    }
    const cells = new Map<string, Cell>();
    for (const [name, its] of measured) {
      const why = failed.get(name);
      cells.set(name, why === undefined ? { figure: figureOf(its) } : { failed: why });
    }
    results.set(operation, cells);
    bench.progress(`${operation}: ${[...cells].map(([name, cell]) => `${name} ${brief(cell)}`).join(', ')}`);
  }
  return results;
}

const brief = (cell: Cell) =>
  'failed' in cell ? `FAILED (${cell.failed})` : `${Math.round(cell.figure.perSecond)}/s`;
