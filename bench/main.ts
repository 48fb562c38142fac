import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Arguments, parseArguments, USAGE } from './arguments.js';
import { startBare } from './contenders/bare.js';
import type { Contender, Surroundings } from './contenders/contender.js';
import { startToolgate } from './contenders/toolgate.js';
import { startPostgres } from './database.js';
import { describeMachine } from './machine.js';
import { Worker } from './processes.js';
import { resultsPage } from './report/results.js';
import { rowsOf } from './report/rows.js';
import { terminalTable } from './report/table.js';
import { type Bench, measureAll } from './rounds.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const began = performance.now();
const progress = (line: string) => {
  console.error(`${((performance.now() - began) / 1000).toFixed(0).padStart(4)} s  ${line}`);
};

async function contendersFor(wanted: Arguments, around: Surroundings): Promise<Contender[]> {
  const started: Contender[] = [await startToolgate(around, { name: 'toolgate', title: 'Toolgate', root })];
  if (wanted.operations.includes('tool-open'))
    started.push(
      await startToolgate(around, { name: 'toolgate-open', title: 'Toolgate, unguarded', root, open: true }),
    );
  if (wanted.peers.includes('bare')) started.push(await startBare(around));
  return started;
}

async function run(wanted: Arguments): Promise<void> {
  const pinned = process.env['TOOLGATE_BENCH_PINNED'] ?? '';
  const directory = await mkdtemp(join(tmpdir(), 'toolgate-bench-'));
  const postgres = await startPostgres(directory);
  const stops = [() => postgres.stop()];
  try {
    const generator = await Worker.start({
      file: fileURLToPath(new URL('./load/generator.js', import.meta.url)),
      cores: pinned === '' ? undefined : pinned,
      log: join(directory, 'generator.log'),
    });
    stops.push(() => generator.stop());
    const around: Surroundings = {
      directory,
      postgresUrl: postgres.url,
      cores: pinned === '' || wanted.processes > 1 ? undefined : '0',
      processes: wanted.processes,
    };
    const contenders = await contendersFor(wanted, around);
    for (const contender of contenders) stops.push(() => contender.stop());
    progress(`started: ${contenders.map(({ title }) => title).join(', ')}`);
    const bench: Bench = { generator, postmaster: postgres.pid, progress };
    const results = await measureAll(bench, contenders, wanted);
    const rows = rowsOf(results, contenders);
    console.log(`\n${terminalTable(rows)}`);
    if (!wanted.report) return;
    const page = resultsPage({ wanted, machine: describeMachine(root), contenders, results, rows });
    await writeFile(join(root, 'bench', 'RESULTS.md'), page);
  } finally {
    for (const stop of stops.reverse()) await stop().catch(() => undefined);
    await rm(directory, { recursive: true, force: true });
  }
}

const wanted = parseArguments(process.argv.slice(2));
if (wanted.help) console.log(USAGE);
else await run(wanted);
