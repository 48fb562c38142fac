import type { Arguments, PeerName } from '../arguments.js';
import { startArgon2 } from '../contenders/argon2.js';
import { startBare } from '../contenders/bare.js';
import { type Contender, offers } from '../contenders/contender.js';
import type { PeerFolder } from '../contenders/peers.js';
import { startToolgate } from '../contenders/toolgate.js';
import { installPeers, NPM_PEERS } from '../peers.js';
import { measureAll, type Results } from '../rounds.js';
import type { Stage, Stoppable } from '../stage.js';

export interface Outcome {
  readonly contenders: readonly Contender[];
  readonly results: Results;
}

/** The peers of which there is anything to measure. One that cannot be started is left out, and said why. */
async function startPeers(
  stage: Stage,
  names: readonly PeerName[],
  processes: number,
  keep: <Kept extends Stoppable>(kept: Kept) => Kept,
): Promise<Contender[]> {
  const started: Contender[] = [];
  const around = stage.around(processes);
  let folder: PeerFolder | undefined;
  if (names.some((name) => name !== 'bare')) folder = installPeers(stage.root, stage.progress);
  for (const name of names) {
    if (name === 'bare') started.push(keep(await startBare(around)));
    else if (folder) {
      try {
        started.push(keep(await NPM_PEERS[name](around, folder)));
      } catch (error) {
        stage.progress(`${name} is left out: ${(error as Error).message}`);
      }
    }
  }
  return started;
}

export async function measureOperations(
  stage: Stage,
  { operations, peers, rounds, seconds, connections }: Arguments,
  processes: number,
): Promise<Outcome> {
  return stage.during(async (keep) => {
    const { root } = stage;
    const around = stage.around(processes);
    const ours = keep(await startToolgate(around, { name: 'toolgate', title: 'Toolgate', root }));
    const contenders: Contender[] = [ours];
    if (operations.includes('login')) contenders.push(keep(await startArgon2(around)));
    contenders.push(...(await startPeers(stage, peers, processes, keep)));
    stage.progress(`started: ${contenders.map(({ title }) => title).join(', ')}`);
    const measured = operations.filter((operation) => contenders.some((one) => offers(one, operation)));
    const plan = { operations: measured, rounds, seconds, connections };
    return { contenders, results: await measureAll(stage, contenders, plan) };
  });
}
