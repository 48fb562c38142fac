import type { Outcome } from '../parts/operations.js';
import { columns, rate, ratio } from './numbers.js';
import { figure, OURS, titleOf } from './rows.js';

/** For the terminal: ours, and ours at another commit. */
export function comparisonTable({ results }: Outcome, ref: string): string {
  const rows = [...results.keys()].map((operation) => {
    const [ours, other] = [OURS, 'other'].map((name) => figure(results, operation, name));
    const title = titleOf(operation);
    if (!ours || !other) return [title, 'failed'];
    return [
      title,
      rate(ours.perSecond),
      rate(other.perSecond),
      ratio(ours.perSecond / other.perSecond),
      rate(ours.serverMicros),
      rate(other.serverMicros),
      ratio(ours.serverMicros / other.serverMicros),
    ];
  });
  return columns([['', 'req/s', `at ${ref}`, 'ratio', 'server us', `at ${ref}`, 'ratio'], ...rows]).join(
    '\n',
  );
}
