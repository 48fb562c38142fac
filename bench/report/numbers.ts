/** Numbers as people read them in a table. */
export const rate = (value: number): string => Math.round(value).toLocaleString('en-US');
export const ratio = (value: number | undefined): string => (value === undefined ? '' : value.toFixed(2));
export const ms = (value: number): string => (value < 10 ? value.toFixed(1) : Math.round(value).toString());
export const percent = (share: number): string => `${Math.round(share * 100)}%`;
export const mebibytes = (bytes: number): string => Math.round(bytes / 1024 / 1024).toString();

/** Columns of text, padded; the first is set left and the others right. */
export function columns(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows)
    row.forEach((cell, index) => (widths[index] = Math.max(widths[index] ?? 0, cell.length)));
  return rows.map((row) =>
    row
      .map((cell, index) =>
        index === 0 ? cell.padEnd(widths[index] ?? 0) : cell.padStart(widths[index] ?? 0),
      )
      .join('  ')
      .trimEnd(),
  );
}

export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map((_, index) => (index === 0 ? '---' : '---:'))), ...rows.map(line)].join(
    '\n',
  );
}
