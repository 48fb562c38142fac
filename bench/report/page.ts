import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { markdownTable } from './numbers.js';
import { type Section, SECTIONS, type SectionName, type Sections } from './section.js';
import {
  authenticationTargets,
  growthTargets,
  operationTargets,
  startTargets,
  stormTargets,
  type Target,
} from './targets.js';

const NOT_MEASURED: Record<SectionName, readonly Target[]> = {
  operations: operationTargets(undefined),
  'two-processes': [],
  authentication: authenticationTargets(undefined),
  storm: stormTargets(undefined),
  start: startTargets(undefined),
  growth: growthTargets(undefined),
};

const targetRow = ({ text, wanted, reached }: Target) => [
  text,
  wanted,
  reached?.value ?? '',
  reached ? (reached.yes ? 'yes' : '**no**') : 'not measured',
];

function sectionPage({ title, command, date, machine, body }: Section): string {
  const about = [...machine, `${date}, \`${command}\``];
  return [`## ${title}`, '', ...about.map((line) => `- ${line}`), '', body].join('\n');
}

/** `bench/RESULTS.md`, of what was measured last of each part; `notes` are written by hand. */
export function resultsPage(sections: Sections, notes: string): string {
  const targets = SECTIONS.flatMap((name) => sections[name]?.targets ?? NOT_MEASURED[name]);
  const written = SECTIONS.flatMap((name) => (sections[name] ? [sectionPage(sections[name])] : []));
  return [
    '# Benchmark results',
    '',
    'Written by `npm run bench`, from [results.json](results.json) and [NOTES.md](NOTES.md). Medians of interleaved rounds; every',
    'answer was checked, and a credential that must be refused was refused before a figure counted. The bare server is node:http and',
    'pg with nothing but the necessary work: one statement for a rotation, one signature, one verification. The server runs on',
    'the first core; the generator and Postgres (fsync on) share the last. Two processes run on all cores, and `MiB` and `server us` are',
    'those of both.',
    '',
    ...(sections.operations ? ['![Requests per second as a share of the bare server](results.svg)', ''] : []),
    '## Targets',
    '',
    'A ratio of two servers is the lower of two: of requests per second, and of processor time per request. A server that was not',
    'busy waited for something else, and its rate is not what its core can do. Login and growth compare rates alone, as the tables do.',
    'Memory under load is the highest peak of any operation, where the tables have medians.',
    '',
    markdownTable(['Target', 'wanted', 'measured', 'reached'], targets.map(targetRow)),
    '',
    written.join('\n\n'),
    '',
    notes.trim(),
    '',
  ].join('\n');
}

/** Puts new sections in the place of the old ones, and the page after them. */
export async function writeResults(directory: string, fresh: Sections, chart: string | undefined) {
  const file = join(directory, 'results.json');
  const old = await readFile(file, 'utf8').catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '{}';
    throw error;
  });
  const sections: Sections = { ...(JSON.parse(old) as Sections), ...fresh };
  await writeFile(file, `${JSON.stringify(sections, null, 2)}\n`);
  if (chart !== undefined) await writeFile(join(directory, 'results.svg'), chart);
  const notes = await readFile(join(directory, 'NOTES.md'), 'utf8');
  await writeFile(join(directory, 'RESULTS.md'), resultsPage(sections, notes));
}
