import { columns, mebibytes, ms, percent, rate, ratio } from './numbers.js';
import { type Row, titleOf } from './rows.js';

export const HEAD = [
  'req/s', 'of bare', 'of best peer', 'p50 ms', 'p99 ms', 'server us', 'Postgres us', 'WAL B', 'server busy', 'MiB',
] as const; // prettier-ignore

export function cellsOf({ figure, ofBare, ofBestPeer }: Row): string[] {
  if (!figure) return HEAD.map(() => '');
  return [
    rate(figure.perSecond),
    ratio(ofBare),
    ratio(ofBestPeer),
    ms(figure.p50),
    ms(figure.p99),
    rate(figure.serverMicros),
    rate(figure.postgresMicros),
    rate(figure.walBytes),
    percent(figure.serverBusy),
    mebibytes(figure.memory),
  ];
}

/** For the terminal: one block for each operation. */
export function terminalTable(rows: readonly Row[]): string {
  const operations = [...new Set(rows.map((row) => row.operation))];
  const lines = operations.flatMap((operation) => [
    [titleOf(operation), ...HEAD],
    ...rows
      .filter((row) => row.operation === operation)
      .map((row) => [`  ${row.title}`, ...(row.figure ? cellsOf(row) : ['-'])]),
    [''],
  ]);
  const remarks = rows.flatMap(({ operation, title, remark }) =>
    remark === undefined ? [] : [`${titleOf(operation)}, ${title}: ${remark}`],
  );
  return [...columns(lines), ...remarks].join('\n');
}
