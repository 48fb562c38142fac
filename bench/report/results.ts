import type { Arguments } from '../arguments.js';
import type { Contender } from '../contenders/contender.js';
import type { Results } from '../rounds.js';
import { markdownTable, percent, ratio } from './numbers.js';
import { type Row, titleOf } from './rows.js';
import { cellsOf, HEAD } from './table.js';
import { targetsOf } from './targets.js';

export interface Report {
  readonly wanted: Arguments;
  readonly machine: readonly string[];
  readonly contenders: readonly Contender[];
  readonly results: Results;
  readonly rows: readonly Row[];
}

function verdict(reached: { value: number; yes: boolean } | undefined): [string, string] {
  if (!reached) return ['', 'not measured'];
  return [ratio(reached.value), reached.yes ? 'yes' : 'no'];
}

/** `bench/RESULTS.md`, written by the run it tells of. */
export function resultsPage({ wanted, machine, contenders, results, rows }: Report): string {
  const { rounds, seconds, connections, processes } = wanted;
  const disturbed = rows.flatMap(({ figure }) => (figure ? [figure.foreignBusy] : []));
  const measured = [...new Set(rows.map((row) => row.operation))];
  return [
    '# Benchmark results',
    '',
    'Written by `npm run bench`. Medians of interleaved rounds; every answer was checked, and what must be refused was refused.',
    '',
    ...machine.map((line) => `- ${line}`),
    `- ${rounds} rounds of ${seconds} s, ${connections} connections, ${processes} server process(es) on the first core; generator and Postgres (fsync on) on the last`,
    `- work of other processes meanwhile, at most: ${percent(Math.max(0, ...disturbed))} of a core`,
    `- contenders: ${contenders.map(({ title }) => title).join(', ')}`,
    '',
    '## Targets',
    '',
    'A ratio is the lower of two: of requests per second, and of processor time per request. A contender whose server was not',
    'busy waited for something else, and its rate is not what its core can do.',
    '',
    'Not measured yet: peers from npm, growth, login storms, the raw argon2id rate, start time and idle memory.',
    '',
    markdownTable(
      ['Target', 'wanted', 'measured', 'reached'],
      targetsOf(results).map(({ text, wanted: goal, reached }) => [text, goal, ...verdict(reached)]),
    ),
    '',
    '## Figures',
    '',
    '`server us` and `Postgres us` are processor microseconds per request.',
    ...measured.flatMap((operation) => [
      '',
      `### ${titleOf(operation)}`,
      '',
      markdownTable(
        ['', ...HEAD],
        rows.filter((row) => row.operation === operation).map((row) => [row.title, ...cellsOf(row)]),
      ),
    ]),
    '',
  ].join('\n');
}
