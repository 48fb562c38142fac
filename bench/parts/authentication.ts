import type { Arguments } from '../arguments.js';
import { startProfiled } from '../contenders/toolgate.js';
import type { Measured } from '../load/load.js';
import type { Frame, Spent } from '../profile.js';
import { jobOf, provenTrial } from '../rounds.js';
import type { Stage } from '../stage.js';
import { median } from '../statistics.js';

/** All that decides who calls and whether their scopes suffice, on the way of a tool call. */
const CHECKS: readonly Frame[] = [
  { title: 'Authentication guard', functionName: 'canActivate', file: '/auth/authentication.guard.js' },
  { title: 'Scope guard', functionName: 'canActivate', file: '/auth/scope.guard.js' },
  { title: "The tool's own scopes", functionName: 'missing', file: '/access/scope-rules.js' },
];
const WARM_UP_SECONDS = 5;

/** Medians of the rounds. */
export interface Authentication {
  /** Of the processor time of the thread that answers. */
  readonly share: number;
  readonly checks: readonly { readonly title: string; readonly share: number; readonly micros: number }[];
  readonly callsPerSecond: number;
  /** Processor microseconds of a call, with what the profile itself costs. */
  readonly callMicros: number;
}

type Round = Spent & Pick<Measured, 'requests' | 'seconds' | 'serverCpu'>;

/** What V8's own profile says of the checks, while tool calls of known callers are answered as fast as they are. */
export async function measureAuthentication(
  stage: Stage,
  { rounds, seconds, connections }: Arguments,
): Promise<Authentication> {
  return stage.during(async (keep) => {
    const options = { name: 'toolgate-profiled', title: 'Toolgate', root: stage.root };
    const { server, profile } = await startProfiled(stage.around(1), options);
    keep(server);
    const window = { connections, seconds, warmUpSeconds: 0 };
    const trial = await provenTrial(server, 'tool-jwt', window);
    const call = (forSeconds: number) =>
      stage.generator.ask<Measured>(
        jobOf(server, trial, { ...window, seconds: forSeconds }, stage.postmaster),
      );
    await call(WARM_UP_SECONDS);
    const measured: Round[] = [];
    for (let round = 0; round < rounds; round += 1) {
      await profile(CHECKS);
      const calls = await call(seconds);
      measured.push({ ...calls, ...(await profile(CHECKS)) });
    }
    return summaryOf(measured);
  });
}

function summaryOf(rounds: readonly Round[]): Authentication {
  const of = (value: (round: Round) => number) => median(rounds.map(value));
  const callMicros = of(({ serverCpu, requests }) => (serverCpu * 1e6) / requests);
  const checks = CHECKS.map(({ title }) => {
    const share = of(({ under, busy }) => (under[title] ?? 0) / busy);
    return { title, share, micros: share * callMicros };
  });
  return {
    share: of(({ under, busy }) => Object.values(under).reduce((sum, micros) => sum + micros, 0) / busy),
    checks,
    callsPerSecond: of(({ requests, seconds }) => requests / seconds),
    callMicros,
  };
}
