import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Arguments, type Part, parseArguments, USAGE } from './arguments.js';
import { query } from './database.js';
import { describeMachine } from './machine.js';
import { measureAuthentication } from './parts/authentication.js';
import { compareWith } from './parts/compare.js';
import { measureGrowth } from './parts/growth.js';
import { measureOperations, type Outcome } from './parts/operations.js';
import { measureStart } from './parts/start.js';
import { measureStorm } from './parts/storm.js';
import {
  authenticationBody,
  growthBody,
  operationsBody,
  operationsChart,
  startBody,
  stormBody,
} from './report/bodies.js';
import { comparisonTable } from './report/comparison.js';
import { writeResults } from './report/page.js';
import { figure, OURS, rowsOf } from './report/rows.js';
import type { Section, SectionName, Sections } from './report/section.js';
import { terminalTable } from './report/table.js';
import {
  authenticationTargets,
  growthTargets,
  operationTargets,
  startTargets,
  stormTargets,
  type Target,
} from './report/targets.js';
import { onStage, type Stage, stopEverything } from './stage.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const began = performance.now();
const progress = (line: string) => {
  console.error(`${((performance.now() - began) / 1000).toFixed(0).padStart(4)} s  ${line}`);
};

interface Found {
  readonly name: SectionName;
  readonly title: string;
  readonly targets: readonly Target[];
  readonly body: string;
  readonly chart?: string;
}

async function operations(stage: Stage, wanted: Arguments): Promise<Found[]> {
  const found: Found[] = [];
  for (const processes of wanted.processes === undefined ? [1, 2] : [wanted.processes]) {
    // More processes than one share their cores with Postgres and the generator: ours and bare show how they scale.
    const peers = wanted.processes === undefined && processes > 1 ? (['bare'] as const) : wanted.peers;
    const outcome = await measureOperations(stage, { ...wanted, peers }, processes);
    console.log(`\n${terminalTable(rowsOf(outcome.results, outcome.contenders))}\n`);
    mustHaveFigures(outcome);
    const body = operationsBody(outcome, wanted);
    if (processes === 1) {
      const targets = operationTargets(outcome.results);
      found.push({ name: 'operations', title: 'Operations', targets, body, chart: operationsChart(outcome) });
    } else found.push({ name: 'two-processes', title: 'Operations with two processes', targets: [], body });
  }
  return found;
}

/** What a peer cannot do is a remark; what we cannot do is a failed run. */
function mustHaveFigures({ results }: Outcome): void {
  for (const operation of results.keys()) {
    if (figure(results, operation, OURS)) continue;
    progress(`${operation} has no figure of ours: the run has failed`);
    process.exitCode = 1;
  }
}

const PARTS: Record<Part, (stage: Stage, wanted: Arguments) => Promise<Found[]>> = {
  operations,
  async authentication(stage, wanted) {
    const found = await measureAuthentication(stage, wanted);
    const body = authenticationBody(found, wanted);
    return [{ name: 'authentication', title: 'What the checks cost a tool call', targets: authenticationTargets(found), body }];
  },
  async storm(stage, wanted) {
    const storm = await measureStorm(stage, wanted);
    return [{ name: 'storm', title: 'A storm of logins', targets: stormTargets(storm), body: stormBody(storm) }];
  },
  async start(stage) {
    const start = await measureStart(stage);
    return [{ name: 'start', title: 'Start and idle memory', targets: startTargets(start), body: startBody(start) }];
  },
  async growth(stage, wanted) {
    const growth = await measureGrowth(stage, wanted);
    return [{ name: 'growth', title: 'Growth', targets: growthTargets(growth), body: growthBody(growth, wanted) }];
  },
  async compare(stage, wanted) {
    const ref = wanted.compareWith ?? 'HEAD';
    console.log(`\n${comparisonTable(await compareWith(stage, wanted, ref), ref)}\n`);
    return [];
  },
}; // prettier-ignore

function say({ title, targets, body }: Found): void {
  if (targets.length === 0 && body === '') return;
  console.log(`\n${title}`);
  for (const { text, wanted, reached } of targets)
    console.log(`  ${reached ? (reached.yes ? 'reached    ' : 'NOT reached') : 'no figure  '}  ${text}: ${reached?.value ?? '-'} (${wanted})`); // prettier-ignore
}

async function run(wanted: Arguments, command: string): Promise<void> {
  const pinned = process.env['TOOLGATE_BENCH_PINNED'] ?? '';
  await onStage({ root, pinned, progress }, async (stage) => {
    const [version] = await query<{ server_version: string }>(stage.postgresUrl, 'SHOW server_version');
    const machine = describeMachine(root, version?.server_version ?? 'unknown');
    for (const part of wanted.parts) {
      progress(`${part} ...`);
      const sections: Sections = {};
      let chart: string | undefined;
      for (const found of await PARTS[part](stage, wanted)) {
        const { name, title, targets, body } = found;
        const date = new Date().toISOString().slice(0, 16).replace('T', ' ');
        const section: Section = { title, command, date: `${date} UTC`, machine, targets, body };
        sections[name] = section;
        chart ??= found.chart;
        say(found);
        if (part !== 'operations') console.log(`\n${body}`);
      }
      // After each part: what was found is not lost when a later one fails.
      if (wanted.report) await writeResults(join(root, 'bench'), sections, chart);
    }
  });
}

const args = process.argv.slice(2);
function argumentsOrEnd(): Arguments {
  try {
    return parseArguments(args);
  } catch (error) {
    console.error((error as Error).message);
    process.exit(1);
  }
}
let interrupted = false;
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => {
    interrupted = true;
    progress(`${signal}: stopping`);
    void stopEverything().finally(() => process.exit(1));
  });

const wanted = argumentsOrEnd();
if (wanted.help) console.log(USAGE);
else
  await run(wanted, ['npm run bench', ...(args.length > 0 ? ['--', ...args] : [])].join(' ')).catch(
    (error: unknown) => {
      // What was stopped under its hands is no news.
      if (!interrupted) throw error;
    },
  );
