import type { Operation } from '../operations.js';
import type { Outcome } from '../parts/operations.js';
import { columns, rate, ratio } from './numbers.js';
import { figure, titleOf } from './rows.js';

/** One line for an operation, but for the one that has two contenders of ours. */
const linesOf = (operation: Operation): readonly { title: string; suffix: string }[] =>
  operation === 'tool-open'
    ? [
        { title: 'Tool call, guarded', suffix: '-guarded' },
        { title: 'Tool call, unguarded', suffix: '-open' },
      ]
    : [{ title: titleOf(operation), suffix: '' }];

/** For the terminal: ours, and ours at another commit. */
export function comparisonTable({ results }: Outcome, ref: string): string {
  const rows = [...results.keys()].flatMap((operation) =>
    linesOf(operation).map(({ title, suffix }) => {
      const [ours, other] = [`toolgate${suffix}`, `other${suffix}`].map((name) => figure(results, operation, name)); // prettier-ignore
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
    }),
  );
  return columns([['', 'req/s', `at ${ref}`, 'ratio', 'server us', `at ${ref}`, 'ratio'], ...rows]).join(
    '\n',
  );
}
