import type { Contender } from './contenders/contender.js';
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
  /** Share of one core. */
  readonly serverBusy: number;
  readonly generatorBusy: number;
  readonly postgresBusy: number;
  /** Cores' worth of work that was not ours. */
  readonly foreignBusy: number;
  readonly memory: number;
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
  readonly progress: (line: string) => void;
}

const FIRST_WARM_UP_SECONDS = 2;
const WARM_UP_SECONDS = 0.5;

export function figureOf(rounds: readonly Measured[]): Figure {
  const of = (value: (one: Measured) => number) => median(rounds.map(value));
  return {
    perSecond: of(({ requests, seconds }) => requests / seconds),
    p50: of(({ p50 }) => p50),
    p99: of(({ p99 }) => p99),
    serverMicros: of(({ serverCpu, requests }) => (serverCpu * 1e6) / requests),
    postgresMicros: of(({ postgresCpu, requests }) => (postgresCpu * 1e6) / requests),
    serverBusy: of(({ serverCpu, seconds }) => serverCpu / seconds),
    postgresBusy: of(({ postgresCpu, seconds }) => postgresCpu / seconds),
    generatorBusy: of(({ generatorCpu, seconds }) => generatorCpu / seconds),
    foreignBusy: of(({ foreignCpu, seconds }) => foreignCpu / seconds),
    memory: of(({ memory }) => memory),
    rounds: rounds.map(({ requests, seconds }) => Math.round(requests / seconds)),
  };
}

export async function oneRound(
  { generator, postmaster }: Bench,
  contender: Contender,
  operation: Operation,
  window: { seconds: number; warmUpSeconds: number; connections: number },
): Promise<Measured> {
  const { seconds, warmUpSeconds, connections } = window;
  const trial = await contender.trial(operation, { connections, seconds: seconds + warmUpSeconds });
  await prove(contender, operation, trial);
  const job: Job = {
    port: contender.port,
    connections,
    warmUpSeconds,
    seconds,
    load: trial.load,
    server: contender.pids,
    postmaster,
  };
  return generator.ask<Measured>(job);
}

/** Operation by operation: every contender once, then every contender again, so that what disturbs the machine disturbs all. */
export async function measureAll(
  bench: Bench,
  contenders: readonly Contender[],
  plan: Plan,
): Promise<Results> {
  const results = new Map<Operation, Map<string, Cell>>();
  for (const operation of plan.operations) {
    const able = contenders.filter((contender) => contender.operations.has(operation));
    const measured = new Map(able.map(({ name }): [string, Measured[]] => [name, []]));
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
    for (const [name, rounds] of measured) {
      const why = failed.get(name);
      cells.set(name, why === undefined ? { figure: figureOf(rounds) } : { failed: why });
    }
    results.set(operation, cells);
    bench.progress(`${operation}: ${[...cells].map(([name, cell]) => `${name} ${brief(cell)}`).join(', ')}`);
  }
  return results;
}

const brief = (cell: Cell) =>
  'failed' in cell ? `FAILED (${cell.failed})` : `${Math.round(cell.figure.perSecond)}/s`;
