import type { Arguments } from '../arguments.js';
import type { Authentication } from '../parts/authentication.js';
import type { Growth } from '../parts/growth.js';
import { titleOfSize, WARM_UP_SECONDS } from '../parts/growth.js';
import type { Outcome } from '../parts/operations.js';
import type { Start } from '../parts/start.js';
import { CALLS_PER_SECOND, type Climate, type Storm, TIMES_TOO_MANY, type Weather } from '../parts/storm.js';
import { MICROS_BETWEEN_SAMPLES } from '../profile.js';
import { barChart, type Group } from './chart.js';
import { markdownTable, mebibytes, ms, percent, rate } from './numbers.js';
import { OURS, type Row, rowsOf, titleOf } from './rows.js';
import { cellsOf, HEAD } from './table.js';

/** How the rounds were, and what of them is not what it seems. */
function circumstances(rows: readonly Row[], { rounds, seconds, connections }: Arguments): string {
  const disturbed = Math.max(0, ...rows.flatMap(({ figure }) => (figure ? [figure.foreignBusy] : [])));
  const plan = `${rounds} rounds of ${seconds} s, ${connections} connections`;
  return `${plan}; other processes took at most ${percent(disturbed)} of a core meanwhile. \`server us\` and \`Postgres us\` are processor microseconds per request, \`WAL B\` the bytes of write-ahead log, \`MiB\` resident memory.`;
}

export function operationsBody(outcome: Outcome, wanted: Arguments): string {
  const rows = rowsOf(outcome.results, outcome.contenders);
  const tables = [...outcome.results.keys()].map((operation) => {
    const its = rows.filter((row) => row.operation === operation);
    const cells = its.map((row) => [row.title, ...cellsOf(row)]);
    const used = ['', ...HEAD].map((_, column) => cells.some((row) => row[column] !== ''));
    const shown = (row: readonly string[]) => row.filter((_, column) => used[column]);
    const remarks = its.flatMap(({ title, remark }) => (remark === undefined ? [] : [`- ${title}: ${remark}`]));
    return [`### ${titleOf(operation)}`, '', markdownTable(shown(['', ...HEAD]), cells.map(shown)), ...(remarks.length > 0 ? ['', ...remarks] : [])].join('\n');
  }); // prettier-ignore
  return [circumstances(rows, wanted), ...tables].join('\n\n');
}

/** Everyone but bare itself, as a share of it. */
export function operationsChart({ contenders, results }: Outcome): string {
  const rows = rowsOf(results, contenders);
  const groups = [...results.keys()].flatMap((operation): Group[] => {
    const bars = rows.flatMap(({ operation: its, contender, title, ofBare }) =>
      its === operation && ofBare !== undefined ? [{ label: title, ours: contender === OURS, value: ofBare }] : [],
    ); // prettier-ignore
    return bars.length === 0 ? [] : [{ label: titleOf(operation), bars }];
  });
  return barChart('Requests per second on one core, as a share of the bare server', 'bare = 1', groups);
}

export function authenticationBody(
  { share, checks, callsPerSecond, callMicros }: Authentication,
  { rounds, seconds, connections }: Arguments,
): string {
  const row = (title: string, part: number) => [title, `${(part * 100).toFixed(1)}%`, (part * callMicros).toFixed(1)];
  return [
    `V8's own profile of the service on one core, a sample every ${MICROS_BETWEEN_SAMPLES} us, while ${connections} connections call a tool with access tokens that are known by now: medians of ${rounds} ${rounds === 1 ? 'round' : 'rounds'} of ${seconds} s, ${rate(callsPerSecond)} calls/s. Of each function with all that it calls, as a share of what the thread did. The garbage collector's time is left out on both sides, as the profile does not say whose garbage it was. What is shown as 0.0 is too short for the samples.`,
    '',
    markdownTable(
      ['', 'of its time', 'us of a call'],
      [
        ...checks.map(({ title, share: its }) => row(title, its)),
        row('All else: HTTP, JSON, limits, audit record, the tool', 1 - share),
      ],
    ),
  ].join('\n');
} // prettier-ignore

const CALLS: Record<Climate['calls'], string> = {
  steady: `${CALLS_PER_SECOND} calls per second`,
  saturating: 'as many calls as are answered',
};

export function stormBody({ hashesPerSecond, arrivingPerSecond, climates }: Storm): string {
  const row = (calls: string, what: string, weather: Weather) => [
    `${calls}, ${what}`,
    rate(weather.callsPerSecond),
    ms(weather.p50),
    ms(weather.p99),
    rate(weather.loginsPerSecond),
    rate(weather.declinedPerSecond),
  ];
  return [
    `${rate(arrivingPerSecond)} people a second log in, ${TIMES_TOO_MANY} times what the core can hash (${rate(hashesPerSecond)}/s), beside tool calls on the same core. Who finds the queue full is answered 503 with \`Retry-After\`. At a steady rate a latency begins when the call was due.`,
    '',
    markdownTable(
      ['', 'calls/s', 'p50 ms', 'p99 ms', 'logins/s', '503/s'],
      climates.flatMap(({ calls, calm, storm }) => [
        row(CALLS[calls], 'calm', calm),
        row(CALLS[calls], 'storm', storm),
      ]),
    ),
  ].join('\n');
}

export const startBody = ({ starts, median, idleResident, idleProportional }: Start): string =>
  [
    '`toolgate start` on one core, on a database with accounts, clients and keys in it.',
    '',
    markdownTable(
      ['', ''],
      [
        ['From start to the first 200 of `/readyz`, median', `${rate(median)} ms`],
        ['Each', starts.map((one) => rate(one)).join(', ')],
        ['Idle, resident (RSS)', `${mebibytes(idleResident)} MiB`],
        ['Idle, its part of what is shared (PSS)', `${mebibytes(idleProportional)} MiB`],
      ],
    ),
  ].join('\n');

export function growthBody(growth: Growth, wanted: Arguments): string {
  const sizes = growth.sizes.map(({ size, bytes, seconds, coldWalBytes }) => [
    titleOfSize(size),
    `${mebibytes(bytes)} MiB`,
    `${rate(seconds)} s`,
    rate(coldWalBytes),
  ]);
  const warmedUp = Object.entries(WARM_UP_SECONDS).map(([operation, each]) => `${operation} for ${each} s`);
  return [
    'One service and one database for each size, measured in turns. Each session has a row in refresh_tokens, and each five sessions a person; the tokens that are used are taken from all over the table.',
    '',
    `Before the rounds of an operation every size is warmed up by the same load: ${warmedUp.join(', ')}. The first change of a page after a checkpoint writes the whole page to the write-ahead log, and each connection maps each page of Postgres's memory once: right after a fill that is most of the work, in a service that runs it is shared by all that touch a page between two checkpoints. The last column says what it was in log.`,
    '',
    markdownTable(['Refresh tokens', 'database', 'filled in', 'WAL B per refresh while cold'], sizes),
    '',
    operationsBody(growth, wanted),
  ].join('\n');
}
