import { parseArgs } from 'node:util';
import { type Operation, OPERATION_NAMES } from './operations.js';
import { NPM_PEER_NAMES, type NpmPeer } from './peers.js';

export type PeerName = 'bare' | NpmPeer;
export const PEERS: readonly PeerName[] = ['bare', ...NPM_PEER_NAMES];
const PARTS = ['operations', 'authentication', 'storm', 'start', 'growth', 'compare'] as const;
export type Part = (typeof PARTS)[number];
const DEFAULT_SIZES = '10k,1M,10M';

export const USAGE = `Usage: npm run bench -- [options]

Without options: every operation, with one process and with two; the share of a tool call that is authentication; a storm of
logins; start and memory (about 20 minutes).

  --authentication    only the share of a tool call that is authentication
  --storm             only tool calls while a storm of logins goes on
  --start             only the time that a start takes, and idle memory
  --growth [SIZES]    refresh and introspection with so many sessions (${DEFAULT_SIZES}: about 10 minutes)
  --compare REF       the same operations of another commit, beside this one

  --only a,b          these operations: ${OPERATION_NAMES.join(', ')}
  --peers a,b         beside us: ${PEERS.join(', ')}; none for nobody
  --rounds N          interleaved rounds (3)
  --seconds N         seconds of each round (3)
  --connections N     connections of the generator (64)
  --processes N       processes of each server, one port each (1, then 2 of us and bare)
  --no-report         leave bench/RESULTS.md as it is; so do --only, --peers and --processes.
                      Otherwise each part that ran takes the place of the older one there

In the tables: "server us" and "Postgres us" are processor microseconds for a request, "WAL B" bytes of Postgres's log for it,
"server busy" the share of its cores that it used, "chains" refresh tokens that follow each other, "of bare" the rate as a share of
the bare server's. A target that compares two servers takes the worse of two ratios: of rates, and of processor time.
`;

export interface Arguments {
  readonly parts: readonly Part[];
  readonly operations: readonly Operation[];
  readonly peers: readonly PeerName[];
  readonly rounds: number;
  readonly seconds: number;
  readonly connections: number;
  /** Undefined: one, and then two. */
  readonly processes: number | undefined;
  readonly sizes: readonly number[];
  readonly compareWith: string | undefined;
  readonly report: boolean;
  readonly help: boolean;
}

const list = (text: string | undefined) => text?.split(',').filter((item) => item !== '' && item !== 'none');

function positive(name: string, text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new Error(`--${name} must be a number above 0`);
  return value;
}

function whole(name: string, text: string): number {
  const value = positive(name, text);
  if (!Number.isInteger(value)) throw new Error(`--${name} must be a whole number`);
  return value;
}

/** `10k` and `1M` as people write them. */
export function parseSize(text: string): number {
  const [, digits = '', unit = ''] = /^(\d+)([kM]?)$/.exec(text) ?? [];
  const size = Number(digits) * (unit === 'k' ? 1e3 : unit === 'M' ? 1e6 : 1);
  if (!(size >= 10_000))
    throw new Error(`--growth wants sizes from 10k on, such as ${DEFAULT_SIZES}, and not ${text}`);
  return size;
}

function known<Name extends string>(what: string, names: readonly string[], all: readonly Name[]): Name[] {
  const unknown = names.filter((name) => !all.some((one) => one === name));
  if (unknown.length > 0)
    throw new Error(`unknown ${what}: ${unknown.join(', ')} (there are ${all.join(', ')})`);
  return all.filter((name) => names.includes(name));
}

/** `--growth` may stand alone. */
const withSizes = (args: readonly string[]) =>
  args.flatMap((arg, index) =>
    arg === '--growth' && !/^\d/.test(args[index + 1] ?? '') ? [arg, DEFAULT_SIZES] : [arg],
  );

/** @throws Error that says which argument is wrong. */
export function parseArguments(args: readonly string[]): Arguments {
  const { values } = parseArgs({
    args: withSizes(args),
    options: {
      authentication: { type: 'boolean', default: false },
      storm: { type: 'boolean', default: false },
      start: { type: 'boolean', default: false },
      growth: { type: 'string' },
      compare: { type: 'string' },
      only: { type: 'string' },
      peers: { type: 'string' },
      rounds: { type: 'string', default: '3' },
      seconds: { type: 'string', default: '3' },
      connections: { type: 'string', default: '64' },
      processes: { type: 'string' },
      'no-report': { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const narrowed = [values.only, values.peers, values.processes].some((value) => value !== undefined);
  const named = PARTS.filter((part) => part !== 'operations' && Boolean(values[part]));
  const whatAlways: readonly Part[] = narrowed
    ? ['operations']
    : ['operations', 'authentication', 'storm', 'start'];
  return {
    parts: named.length > 0 ? named : whatAlways,
    operations: known('operation', list(values.only) ?? OPERATION_NAMES, OPERATION_NAMES),
    peers: known('peer', list(values.peers) ?? PEERS, PEERS),
    rounds: whole('rounds', values.rounds),
    seconds: positive('seconds', values.seconds),
    connections: whole('connections', values.connections),
    processes: values.processes === undefined ? undefined : whole('processes', values.processes),
    sizes: (list(values.growth) ?? []).map(parseSize).sort((a, b) => a - b),
    compareWith: values.compare,
    report: !values['no-report'] && !narrowed,
    help: values.help,
  };
}
