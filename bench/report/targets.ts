import type { Operation } from '../operations.js';
import type { Results } from '../rounds.js';
import { figure } from './rows.js';

export interface Target {
  readonly text: string;
  readonly wanted: string;
  /** Undefined: not measured in this run. */
  readonly reached: { readonly value: number; readonly yes: boolean } | undefined;
}

const OURS = 'toolgate';

interface Cost {
  readonly perSecond: number;
  readonly serverMicros: number;
}

/**
 * The lower of two ratios: of the rates, and of the processor time per request. Where the other one waits for something
 * else than its core, its rate alone would flatter us.
 */
function share(text: string, wanted: number, ours: Cost | undefined, other: Cost | undefined): Target {
  const value =
    ours && other && Math.min(ours.perSecond / other.perSecond, other.serverMicros / ours.serverMicros);
  return {
    text,
    wanted: `>= ${wanted}`,
    reached: value === undefined ? undefined : { value, yes: value >= wanted },
  };
}

/** What the service is held to, and how it stands. */
export function targetsOf(results: Results): Target[] {
  const of = (operation: Operation, name = OURS) => figure(results, operation, name);
  const ofBare = (operation: Operation, wanted: number, text: string) =>
    share(`${text}, of bare`, wanted, of(operation), of(operation, 'bare'));
  const guarded = of('tool-jwt')?.serverMicros;
  const open = of('tool-open', 'toolgate-open')?.serverMicros;
  const authShare = guarded && open && (guarded - open) / guarded;
  return [
    ofBare('refresh', 0.8, 'Refresh over REST'),
    ofBare('refresh-grant', 0.8, 'Refresh over OAuth'),
    ofBare('client-credentials', 0.75, 'Client-credentials token'),
    ofBare('introspection', 0.75, 'Introspection'),
    ofBare('tool-jwt', 1, 'Guarded tool call'),
    share('API-key call, of a JWT call', 0.95, of('tool-key'), of('tool-jwt')),
    {
      text: 'Share of a tool call that is authentication, of processor time',
      wanted: '<= 0.05',
      reached: authShare === undefined ? undefined : { value: authShare, yes: authShare <= 0.05 },
    },
  ];
}
