import { availableParallelism } from 'node:os';
import { hash, verify } from '@node-rs/argon2';
import { cpuOf, memoryOf } from '../cpu.js';
import type { Measured } from '../load/load.js';
import { percentile } from '../statistics.js';
import type { Window } from './contender.js';

const ARGON = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };
const PASSWORD = 'violet-Kettle-9-marmalade-orbit';
const stored = await hash(PASSWORD, ARGON);

async function verifyUntil(end: number): Promise<number[]> {
  const latencies: number[] = [];
  for (let began = performance.now(); began < end; began = performance.now()) {
    if (!(await verify(stored, PASSWORD))) throw new Error('the right password was refused');
    latencies.push(performance.now() - began);
  }
  return latencies;
}

/** As many at a time as there are cores to run on. */
async function measure({ seconds, warmUpSeconds }: Window): Promise<Measured> {
  const atOnce = (forSeconds: number) => {
    const end = performance.now() + forSeconds * 1000;
    return Promise.all(Array.from({ length: availableParallelism() }, () => verifyUntil(end)));
  };
  await atOnce(warmUpSeconds);
  const [began, before] = [performance.now(), cpuOf([process.pid])];
  const latencies = Float64Array.from((await atOnce(seconds)).flat()).sort();
  return {
    requests: latencies.length,
    declined: 0,
    all: latencies.length,
    seconds: (performance.now() - began) / 1000,
    p50: percentile(latencies, 0.5),
    p99: percentile(latencies, 0.99),
    serverCpu: cpuOf([process.pid]) - before,
    postgresCpu: 0,
    generatorCpu: 0,
    foreignCpu: 0,
    memory: memoryOf([process.pid]),
  };
}

process.on('message', ({ id, input }: { id: number; input: Window }) => {
  measure(input).then(
    (output) => process.send?.({ id, output }),
    (error: unknown) => process.send?.({ id, error: (error as Error).message }),
  );
});
process.once('SIGTERM', () => process.exit(0));
process.send?.({ ready: true });
