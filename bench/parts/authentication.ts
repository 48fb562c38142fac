import type { Arguments } from '../arguments.js';
import { startToolgate } from '../contenders/toolgate.js';
import type { Measured } from '../load/load.js';
import type { Frame, Spent } from '../profile.js';
import { jobOf, provenTrial } from '../rounds.js';
import type { Stage } from '../stage.js';
import { median } from '../statistics.js';

const GUARDS: readonly Frame[] = [
  { title: 'Authentication guard', functionName: 'canActivate', file: '/auth/authentication.guard.js' },
  { title: 'Scope guard', functionName: 'canActivate', file: '/auth/scope.guard.js' },
];
/** All that decides who calls and whether their scopes suffice, on the way of a tool call. */
const CHECKS: readonly Frame[] = [
  ...GUARDS,
  { title: "The tool's own scopes", functionName: 'missing', file: '/access/scope-rules.js' },
];
const WARM_UP_SECONDS = 5;

/** Medians of the rounds. */
export interface Authentication {
  /** Of the time in which the thread that answers did anything. */
  readonly share: number;
  readonly checks: readonly { readonly title: string; readonly share: number }[];
  readonly callsPerSecond: number;
  /** Microseconds that a call takes that thread, with what the profile itself costs. */
  readonly callMicros: number;
}

export type Round = Spent & Pick<Measured, 'all' | 'requests' | 'seconds'>;

/** What V8's own profile says of the checks, while tool calls of known callers are answered as fast as they are. */
export async function measureAuthentication(
  stage: Stage,
  { rounds, seconds, connections }: Arguments,
): Promise<Authentication> {
  return stage.during(async (keep) => {
    const options = {
      name: 'toolgate-profiled',
      title: 'Toolgate',
      root: stage.root,
      profiled: true,
    } as const;
    const server = keep(await startToolgate(stage.around(1), options));
    const profile = () => server.ask<Spent>('profile', { frames: CHECKS });
    const window = { connections, seconds, warmUpSeconds: 0 };
    const trial = await provenTrial(server, 'tool-jwt', window);
    const call = (forSeconds: number) =>
      stage.generator.ask<Measured>(
        jobOf(server, trial, { ...window, seconds: forSeconds }, stage.postmaster),
      );
    await profile();
    await call(WARM_UP_SECONDS);
    const warmUp = await profile();
    const measured: Round[] = [];
    for (let round = 0; round < rounds; round += 1) {
      await profile();
      const calls = await call(seconds);
      measured.push({ ...calls, ...(await profile()) });
      stage.progress(`authentication: round ${round + 1} of ${rounds}`);
    }
    mustHaveSeen([warmUp, ...measured]);
    return summaryOf(measured);
  });
}

/** A guard that has got another name would cost nothing. One that costs next to nothing is seen while V8 has not optimized it. */
function mustHaveSeen(profiles: readonly Spent[]): void {
  for (const { title } of GUARDS)
    if (!profiles.some(({ under }) => (under[title] ?? 0) > 0)) throw new Error(`the profile does not show: ${title}`);
} // prettier-ignore

export function summaryOf(rounds: readonly Round[]): Authentication {
  const of = (value: (round: Round) => number) => median(rounds.map(value));
  const shareOf = (title: string) => of(({ under, busy }) => (under[title] ?? 0) / busy);
  return {
    share: of(({ under, busy }) => Object.values(under).reduce((sum, micros) => sum + micros, 0) / busy),
    checks: CHECKS.map(({ title }) => ({ title, share: shareOf(title) })),
    callsPerSecond: of(({ requests, seconds }) => requests / seconds),
    callMicros: of(({ busy, all }) => busy / all),
  };
}
