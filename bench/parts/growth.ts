import { statfs } from 'node:fs/promises';
import type { Arguments } from '../arguments.js';
import type { Server, Trial } from '../contenders/contender.js';
import { form } from '../contenders/requests.js';
import { newMasterKey, startToolgate } from '../contenders/toolgate.js';
import { refreshTrial, times } from '../contenders/trials.js';
import { query } from '../database.js';
import { bytesFor, grow, tokenOf } from '../growth/rows.js';
import type { Operation } from '../operations.js';
import { type Cell, measureAll, oneRound } from '../rounds.js';
import type { Stage } from '../stage.js';
import type { Outcome } from './operations.js';

export const GROWTH_OPERATIONS = ['refresh', 'introspection-refresh', 'introspection'] as const;
/**
 * For each size before its rounds, with the same load. The first change of a page after a checkpoint writes all of it to the
 * log, and each of the service's connections maps each page of Postgres's memory once. In the first seconds after a fill
 * that is most of the work, in a service that runs very little of it. An access token is known without a look at a table.
 */
export const WARM_UP_SECONDS = { refresh: 30, 'introspection-refresh': 20, introspection: 5 } as const;
/** So many that in a large table hardly a page is met twice. */
const SPREAD_OVER = 20_000;

export const titleOfSize = (size: number): string =>
  size % 1e6 === 0 ? `${size / 1e6} million` : size % 1e3 === 0 ? `${size / 1e3} thousand` : String(size);
export const nameOfSize = (size: number): string => `rows-${size}`;

interface Size {
  readonly size: number;
  readonly bytes: number;
  /** That filling it took. */
  readonly seconds: number;
  /** Write-ahead log for each refresh of the warm-up, in bytes. */
  readonly coldWalBytes: number;
}
export interface Growth extends Outcome {
  readonly sizes: readonly Size[];
}

/** Tokens all over the table: every second one to be refreshed, the others to be introspected. */
function spreadOver(size: number): { refreshed: string[]; introspected: string[] } {
  const pairs = Math.floor(size / 2);
  // A stride coprime with most counts visits sessions in no order that an index has.
  const nth = (index: number) => Math.floor(((index * 0.618_033_988_75) % 1) * pairs);
  const chosen = [...new Set(times(Math.min(SPREAD_OVER, pairs), nth))];
  return {
    refreshed: chosen.map((pair) => tokenOf(pair * 2)),
    introspected: chosen.map((pair) => tokenOf(pair * 2 + 1)),
  };
}

/** The trials of a service as it is, but with tokens from all over its grown tables. */
function grown(server: Server, size: number): Server {
  const { refreshed, introspected } = spreadOver(size);
  let living = refreshed;
  const { introspection } = server.trials;
  const introspectRefresh = server.trials['introspection-refresh'];
  if (!introspection || !introspectRefresh) throw new Error('the service does not introspect');
  return {
    ...server,
    name: nameOfSize(size),
    title: `${titleOfSize(size)} rows`,
    trials: {
      introspection,
      'introspection-refresh': async (extent): Promise<Trial> => {
        const trial = await introspectRefresh(extent);
        // Equally many for every size, or the generator would have less to remember of the small ones.
        const bodies = times(SPREAD_OVER, (index) =>
          form({ token: introspected[index % introspected.length] ?? '' }),
        );
        return { ...trial, load: { ...trial.load, bodies } };
      },
      refresh: () => {
        const trial = refreshTrial('/auth/refresh', living, 401);
        living = [];
        return { ...trial, done: ({ chains }) => (living = [...(chains ?? [])]) };
      },
    },
  };
}

async function mustHaveRoom(directory: string, sizes: readonly number[]): Promise<void> {
  const { bavail, bsize } = await statfs(directory);
  const [needed, free] = [bytesFor(sizes), bavail * bsize];
  const gib = (bytes: number) => (bytes / 2 ** 30).toFixed(1);
  if (free < needed)
    throw new Error(`${directory} has ${gib(free)} GiB free, and ${gib(needed)} are needed: choose smaller sizes`);
} // prettier-ignore

/** One service and one database for each size, measured in turns. */
export async function measureGrowth(
  stage: Stage,
  { sizes, rounds, seconds, connections }: Arguments,
): Promise<Growth> {
  await mustHaveRoom(stage.directory, sizes);
  return stage.during(async (keep) => {
    const contenders: Server[] = [];
    const made: Omit<Size, 'coldWalBytes'>[] = [];
    for (const size of sizes) {
      const name = nameOfSize(size);
      const around = stage.around(1);
      const server = keep(
        await startToolgate(around, { name, title: name, root: stage.root, masterKey: newMasterKey() }),
      );
      const began = performance.now();
      stage.progress(`${titleOfSize(size)} rows: filling ...`);
      const { bytes } = await grow(server.databaseUrl, size, `${server.issuer}/mcp`);
      made.push({ size, bytes, seconds: (performance.now() - began) / 1000 });
      contenders.push(grown(server, size));
    }
    const results = new Map<Operation, ReadonlyMap<string, Cell>>();
    const cold: number[] = [];
    for (const operation of GROWTH_OPERATIONS) {
      for (const contender of contenders) {
        const window = { connections, seconds: WARM_UP_SECONDS[operation], warmUpSeconds: 0 };
        const { walBytes, all } = await oneRound(stage, contender, operation, window);
        if (operation === 'refresh') cold.push(walBytes / all);
      }
      const plan = { operations: [operation], rounds, seconds, connections };
      for (const [its, cells] of await measureAll(stage, contenders, plan)) results.set(its, cells);
    }
    for (const { databaseUrl, title } of contenders) await mustNotHaveLostRows(databaseUrl, title);
    const filled = made.map((size, index) => ({ ...size, coldWalBytes: cold[index] ?? NaN }));
    return { contenders, results, sizes: filled };
  });
}

/** A figure of a table that shrank meanwhile would be of another table. */
async function mustNotHaveLostRows(databaseUrl: string, title: string): Promise<void> {
  interface Row {
    revoked: string;
  }
  const ended = 'SELECT count(*) AS revoked FROM sessions WHERE revoked_at IS NOT NULL';
  const [row] = await query<Row>(databaseUrl, ended);
  if (Number(row?.revoked) > 0) throw new Error(`${title}: sessions ended while they were measured`);
}
