import { parseArgs } from 'node:util';
import { isOperation, type Operation, OPERATION_NAMES } from './operations.js';

export const PEERS = ['bare'] as const;
export type PeerName = (typeof PEERS)[number];

export const USAGE = `Usage: npm run bench -- [options]

  --only a,b          these operations: ${OPERATION_NAMES.join(', ')}
  --peers a,b         beside us: ${PEERS.join(', ')}; none for nobody
  --rounds N          interleaved rounds (3)
  --seconds N         seconds of each round (3)
  --connections N     connections of the generator (64)
  --processes N       processes of each server, on one port (1)
  --no-report         leave bench/RESULTS.md as it is
`;

export interface Arguments {
  readonly operations: readonly Operation[];
  readonly peers: readonly PeerName[];
  readonly rounds: number;
  readonly seconds: number;
  readonly connections: number;
  readonly processes: number;
  readonly report: boolean;
  readonly help: boolean;
}

const list = (text: string | undefined) => text?.split(',').filter((item) => item !== '' && item !== 'none');

function positive(name: string, text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new Error(`--${name} must be a number above 0`);
  return value;
}

/** @throws Error that says which argument is wrong. */
export function parseArguments(args: readonly string[]): Arguments {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: 'string' },
      peers: { type: 'string' },
      rounds: { type: 'string', default: '3' },
      seconds: { type: 'string', default: '3' },
      connections: { type: 'string', default: '64' },
      processes: { type: 'string', default: '1' },
      'no-report': { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const only = list(values.only) ?? OPERATION_NAMES;
  const unknown = only.filter((name) => !isOperation(name));
  if (unknown.length > 0)
    throw new Error(`unknown operation: ${unknown.join(', ')} (there are ${OPERATION_NAMES.join(', ')})`);
  const peers = list(values.peers) ?? PEERS;
  const strangers = peers.filter((name) => !PEERS.some((known) => known === name));
  if (strangers.length > 0) throw new Error(`unknown peer: ${strangers.join(', ')}`);
  return {
    operations: OPERATION_NAMES.filter((name) => only.includes(name)),
    peers: PEERS.filter((name) => peers.includes(name)),
    rounds: positive('rounds', values.rounds),
    seconds: positive('seconds', values.seconds),
    connections: positive('connections', values.connections),
    processes: positive('processes', values.processes),
    report: !values['no-report'],
    help: values.help,
  };
}
