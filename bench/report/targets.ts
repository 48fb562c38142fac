import type { Operation } from '../operations.js';
import type { Authentication } from '../parts/authentication.js';
import type { Growth } from '../parts/growth.js';
import { nameOfSize, titleOfSize } from '../parts/growth.js';
import type { Start } from '../parts/start.js';
import type { Storm } from '../parts/storm.js';
import type { Results } from '../rounds.js';
import { bestPeer, figure, OURS } from './rows.js';

export interface Target {
  readonly text: string;
  readonly wanted: string;
  /** Undefined: not measured. */
  readonly reached: { readonly value: string; readonly yes: boolean } | undefined;
}

interface Cost {
  readonly perSecond: number;
  readonly serverMicros: number;
}

function atLeast(text: string, wanted: number, value: number | undefined): Target {
  const reached = value === undefined ? undefined : { value: value.toFixed(2), yes: value >= wanted };
  return { text, wanted: `>= ${wanted}`, reached };
}

function atMost(
  text: string,
  wanted: number,
  value: number | undefined,
  unit = '',
  digits = unit === '' ? 2 : 0,
): Target {
  const reached =
    value === undefined
      ? undefined
      : { value: `${value.toFixed(digits)}${unit}`, yes: Number(value.toFixed(digits)) <= wanted };
  return { text, wanted: `<= ${wanted}${unit}`, reached };
}

/**
 * The lower of two ratios: of the rates, and of the processor time per request. Where the other one waits for something
 * else than its core, its rate alone would flatter us.
 */
const share = (ours: Cost | undefined, other: Cost | undefined): number | undefined =>
  ours && other && Math.min(ours.perSecond / other.perSecond, other.serverMicros / ours.serverMicros);

/** What the service is held to, and how it stands; of the parts that were not run, that they were not. */
export function operationTargets(results: Results | undefined): Target[] {
  const of = (operation: Operation, name = OURS) => results && figure(results, operation, name);
  const ofBare = (text: string, operation: Operation, wanted: number) =>
    atLeast(`${text}, of bare`, wanted, share(of(operation), of(operation, 'bare')));
  const login = of('login')?.perSecond;
  const raw = of('login', 'argon2')?.perSecond;
  const peaks = [...(results?.values() ?? [])].flatMap((cells) => {
    const cell = cells.get(OURS);
    return cell && 'figure' in cell ? [cell.figure.peakMemory] : [];
  });
  const peak = peaks.length === 0 ? undefined : Math.max(...peaks);
  const best = results && bestPeer(results, 'tool-jwt');
  return [
    ofBare('Refresh over REST', 'refresh', 0.8),
    ofBare('Refresh over OAuth', 'refresh-grant', 0.8),
    atLeast('Refresh over OAuth, of oidc-provider', 2.5, share(of('refresh-grant'), of('refresh-grant', 'oidc-provider'))),
    ofBare('Client-credentials token', 'client-credentials', 0.75),
    ofBare('Introspection of an access token', 'introspection', 0.75),
    ofBare('Guarded tool call', 'tool-jwt', 1),
    atLeast('Guarded tool call, of the best MCP peer', 3, share(of('tool-jwt'), best)),
    atLeast('API-key call, of a JWT call', 0.95, share(of('tool-key'), of('tool-jwt'))),
    atLeast('Login, of the raw argon2id rate of its core', 0.9, login && raw && login / raw),
    atMost('Resident memory under load, at most', 220, mebibytesOf(peak), ' MiB'),
  ]; // prettier-ignore
}

export const authenticationTargets = (found: Authentication | undefined): Target[] => [
  atMost('Share of a tool call that is authentication, of processor time', 0.05, found?.share, '', 3),
];

const mebibytesOf = (bytes: number | undefined) => bytes && bytes / 2 ** 20;

export function stormTargets(storm: Storm | undefined): Target[] {
  const ratioOf = (calls: string) => {
    const climate = storm?.climates.find((one) => one.calls === calls);
    return climate && climate.storm.p99 / climate.calm.p99;
  };
  return [
    atMost('p99 of tool calls at a steady rate in a storm of logins, of without', 2, ratioOf('steady')),
  ];
}

export const startTargets = (start: Start | undefined): Target[] => [
  atMost('Start with an existing database, to the first 200', 1500, start?.median, ' ms'),
  atMost('Resident memory when idle', 130, mebibytesOf(start?.idleResident), ' MiB'),
];

export function growthTargets(growth: Growth | undefined): Target[] {
  const sizes = growth?.sizes.map(({ size }) => size) ?? [10_000, 10_000_000];
  const [least, most] = [Math.min(...sizes), Math.max(...sizes)];
  const rate = (operation: Operation, size: number) =>
    growth && figure(growth.results, operation, nameOfSize(size))?.perSecond;
  return (['refresh', 'introspection', 'introspection-refresh'] as const).map((operation) => {
    const what = { refresh: 'Refresh', introspection: 'Introspection of an access token', 'introspection-refresh': 'Introspection of a refresh token' }[operation]; // prettier-ignore
    const [few, many] = [rate(operation, least), rate(operation, most)];
    return atLeast(`${what} at ${titleOfSize(most)} rows, of ${titleOfSize(least)}`, 0.9, few && many && many / few);
  }); // prettier-ignore
}
