import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Surroundings } from './contenders/contender.js';
import { connectTo, startPostgres } from './database.js';
import { Worker } from './processes.js';
import type { Bench } from './rounds.js';

export interface Stoppable {
  stop(): Promise<void>;
}

/** What every part of a run stands on: a Postgres, a generator, and a folder that is gone afterwards. */
export interface Stage extends Bench {
  /** This project, whose dist/ is measured. */
  readonly root: string;
  readonly directory: string;
  readonly postgresUrl: string;
  /** Where servers run: one process on the first core; more than one anywhere, as there are no more cores. */
  around(processes: number): Surroundings;
  /** A generator beside the first one, for another load at the same time. */
  anotherGenerator(): Promise<Worker>;
  /** Runs `work`, and stops in the end whatever it has handed to `keep`. */
  during<Result>(
    work: (keep: <Kept extends Stoppable>(kept: Kept) => Kept) => Promise<Result>,
  ): Promise<Result>;
}

async function during<Result>(
  work: (keep: <Kept extends Stoppable>(kept: Kept) => Kept) => Promise<Result>,
): Promise<Result> {
  const kept: Stoppable[] = [];
  running.add(kept);
  try {
    return await work((one) => {
      kept.push(one);
      return one;
    });
  } finally {
    running.delete(kept);
    await stopAll(kept);
  }
}

const running = new Set<Stoppable[]>();

async function stopAll(kept: readonly Stoppable[]): Promise<void> {
  for (const one of kept.toReversed()) await one.stop().catch(() => undefined);
}

/** For a run that is interrupted: whatever runs, the last begun first. */
export async function stopEverything(): Promise<void> {
  for (const kept of [...running].reverse()) await stopAll(kept);
}

/** `pinned`: the core of everything but the servers, or '' where processes cannot be pinned. */
export async function onStage<Result>(
  { root, pinned, progress }: { root: string; pinned: string; progress: (line: string) => void },
  play: (stage: Stage) => Promise<Result>,
): Promise<Result> {
  const directory = await mkdtemp(join(tmpdir(), 'toolgate-bench-'));
  const remove = { stop: () => rm(directory, { recursive: true, force: true }) };
  const newGenerator = () =>
    Worker.start({
      file: fileURLToPath(new URL('./load/generator.js', import.meta.url)),
      cores: pinned === '' ? undefined : pinned,
      log: join(directory, 'generator.log'),
    });
  return during(async (keep) => {
    keep(remove);
    const postgres = keep(await startPostgres(directory));
    const { client, stop } = await connectTo(postgres.url);
    keep({ stop });
    const generator = keep(await newGenerator());
    return play({
      root,
      directory,
      generator,
      progress,
      during,
      walBytes: async () => {
        interface Row {
          written: string;
        }
        const { rows } = await client.query<Row>(`SELECT pg_current_wal_insert_lsn() - '0/0' AS written`);
        return Number(rows[0]?.written);
      },
      postmaster: postgres.pid,
      postgresUrl: postgres.url,
      anotherGenerator: newGenerator,
      around: (processes) => ({
        directory,
        processes,
        postgresUrl: postgres.url,
        // Said of all of them too: what is started here would inherit the one core of this process.
        cores: pinned === '' ? undefined : processes > 1 ? `0-${pinned}` : '0',
      }),
    });
  });
}
