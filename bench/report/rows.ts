import type { Contender } from '../contenders/contender.js';
import { type Operation, OPERATIONS } from '../operations.js';
import type { Cell, Figure, Results } from '../rounds.js';

/** One contender at one operation, beside the others. */
export interface Row {
  readonly operation: Operation;
  readonly contender: string;
  readonly title: string;
  readonly figure: Figure | undefined;
  /** Why there is no figure, or what is not quite the same. */
  readonly remark: string | undefined;
  /** Requests per second as a multiple of bare's. */
  readonly ofBare: number | undefined;
  /** And of the fastest one's that is neither ours nor bare. */
  readonly ofBestPeer: number | undefined;
}

export const OURS = 'toolgate';
const NO_PEERS: readonly string[] = ['bare', 'argon2', OURS];
export const isPeer = (name: string): boolean => !NO_PEERS.includes(name);

export function figure(results: Results, operation: Operation, contender: string): Figure | undefined {
  const cell = results.get(operation)?.get(contender);
  return cell && 'figure' in cell ? cell.figure : undefined;
}

export function bestPeer(results: Results, operation: Operation): Figure | undefined {
  const figures = [...(results.get(operation) ?? [])].flatMap(([name, cell]) =>
    isPeer(name) && 'figure' in cell ? [cell.figure] : [],
  );
  return figures.sort((a, b) => b.perSecond - a.perSecond)[0];
}

const remarkOf = (cell: Cell, contender: Contender, operation: Operation) =>
  'failed' in cell ? `failed: ${cell.failed}` : contender.remarks[operation];

export function rowsOf(results: Results, contenders: readonly Contender[]): Row[] {
  return [...results].flatMap(([operation, cells]) =>
    contenders.flatMap((contender): Row[] => {
      const { name, remarks } = contender;
      const cell = cells.get(name);
      const said = { operation, contender: name, title: contender.title };
      if (!cell) {
        const remark = remarks[operation];
        const nothing = { figure: undefined, ofBare: undefined, ofBestPeer: undefined };
        return remark === undefined ? [] : [{ ...said, ...nothing, remark }];
      }
      const own = 'figure' in cell ? cell.figure : undefined;
      const share = (of: number | undefined) => own && of && own.perSecond / of;
      const bare = figure(results, operation, 'bare')?.perSecond;
      return [
        {
          ...said,
          figure: own,
          remark: remarkOf(cell, contender, operation),
          ofBare: name === 'bare' ? undefined : share(bare),
          ofBestPeer: name !== OURS ? undefined : share(bestPeer(results, operation)?.perSecond),
        },
      ];
    }),
  );
}

export const titleOf = (operation: Operation): string => OPERATIONS[operation];
