import type { Arguments } from '../arguments.js';
import { startArgon2 } from '../contenders/argon2.js';
import type { Server, Window } from '../contenders/contender.js';
import { call, JSON_BODY } from '../contenders/requests.js';
import { startToolgate } from '../contenders/toolgate.js';
import { credentialsBody } from '../contenders/trials.js';
import type { Job, Measured } from '../load/load.js';
import type { Worker } from '../processes.js';
import { jobOf, provenTrial } from '../rounds.js';
import type { Stage } from '../stage.js';
import { median } from '../statistics.js';

/** Calls of a tool in a second, well below what one core does. */
export const CALLS_PER_SECOND = 500;
/** How many times more people log in than there is processor time for. */
export const TIMES_TOO_MANY = 4;
const STORM_CONNECTIONS = 256;
const WARM_UP_SECONDS = 2;

/** Medians of the rounds. */
export interface Weather {
  readonly callsPerSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly loginsPerSecond: number;
  readonly declinedPerSecond: number;
}
export interface Climate {
  /** How the calls came: at a steady rate, or as fast as they were answered. */
  readonly calls: 'steady' | 'saturating';
  readonly calm: Weather;
  readonly storm: Weather;
}
export interface Storm {
  readonly hashesPerSecond: number;
  readonly arrivingPerSecond: number;
  readonly climates: readonly Climate[];
}

interface Round {
  readonly calls: Measured;
  readonly logins?: Measured;
}

function weatherOf(rounds: readonly Round[]): Weather {
  const of = (value: (round: Round) => number) => median(rounds.map(value));
  return {
    callsPerSecond: of(({ calls }) => calls.requests / calls.seconds),
    p50: of(({ calls }) => calls.p50),
    p99: of(({ calls }) => calls.p99),
    loginsPerSecond: of(({ logins }) => (logins ? logins.requests / logins.seconds : 0)),
    declinedPerSecond: of(({ logins }) => (logins ? logins.declined / logins.seconds : 0)),
  };
}

class StormBench {
  constructor(
    private readonly stage: Stage,
    private readonly server: Server,
    private readonly thrower: Worker,
    private readonly seconds: number,
  ) {}

  async calls(calls: Climate['calls'], connections: number): Promise<Job> {
    const window = this.window(connections);
    const trial = await provenTrial(this.server, 'tool-jwt', window);
    const job = jobOf(this.server, trial, window, this.stage.postmaster);
    return calls === 'steady' ? { ...job, perSecond: CALLS_PER_SECOND } : job;
  }

  async logins(perSecond: number): Promise<Job> {
    const window = this.window(STORM_CONNECTIONS);
    const trial = await provenTrial(this.server, 'login', window);
    const { load } = trial;
    const expect = { ...load.expect, declined: 503 };
    const asked = { ...trial, load: { ...load, expect } };
    return { ...jobOf(this.server, asked, window, this.stage.postmaster), perSecond };
  }

  async calm(calls: Job): Promise<Round> {
    return { calls: await this.stage.generator.ask<Measured>(calls) };
  }

  async storm(calls: Job, storm: Job): Promise<Round> {
    const [called, logins] = await Promise.all([
      this.stage.generator.ask<Measured>(calls),
      this.thrower.ask<Measured>(storm),
    ]);
    await this.blownOver();
    return { calls: called, logins };
  }

  /** The service still hashes for those who have left. */
  private async blownOver(): Promise<void> {
    for (;;) {
      const body = credentialsBody(0);
      const { status } = await call(this.server.ports[0], 'POST', '/auth/login', JSON_BODY, body);
      if (status === 200) return;
      if (status !== 503) throw new Error(`a login after the storm was answered ${status}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  private window(connections: number): Window {
    return { connections, seconds: this.seconds, warmUpSeconds: WARM_UP_SECONDS };
  }
}

/** Tool calls in turns with and without more logins beside them than can be served. */
export async function measureStorm(
  stage: Stage,
  { rounds, seconds, connections }: Arguments,
): Promise<Storm> {
  return stage.during(async (keep) => {
    const around = stage.around(1);
    const options = { name: 'toolgate', title: 'Toolgate', root: stage.root };
    const server = keep(await startToolgate(around, options));
    const argon2 = keep(await startArgon2(around));
    const hashing = await argon2.measure({ connections: 1, seconds: 2, warmUpSeconds: 1 });
    const hashesPerSecond = hashing.requests / hashing.seconds;
    const arrivingPerSecond = Math.ceil(hashesPerSecond * TIMES_TOO_MANY);
    const bench = new StormBench(stage, server, keep(await stage.anotherGenerator()), seconds);
    const climates: Climate[] = [];
    for (const kind of ['steady', 'saturating'] as const) {
      const calm: Round[] = [];
      const storm: Round[] = [];
      for (let round = 0; round < rounds; round += 1) {
        calm.push(await bench.calm(await bench.calls(kind, connections)));
        storm.push(
          await bench.storm(await bench.calls(kind, connections), await bench.logins(arrivingPerSecond)),
        );
      }
      climates.push({ calls: kind, calm: weatherOf(calm), storm: weatherOf(storm) });
      stage.progress(`storm of ${arrivingPerSecond} logins/s, ${kind} calls: done`);
    }
    return { hashesPerSecond, arrivingPerSecond, climates };
  });
}
