import { cpuOf, cpuOfFamily, cpuOfMachine, memoryOf } from '../cpu.js';
import { percentile } from '../statistics.js';
import { drive } from './drive.js';
import type { Job, Measured } from './load.js';

const snapshot = ({ server, postmaster }: Job) => ({
  at: performance.now(),
  server: cpuOf(server),
  postgres: cpuOfFamily(postmaster),
  generator: cpuOf([process.pid]),
  machine: cpuOfMachine(),
});

async function measure(job: Job): Promise<Measured> {
  let failed: (error: Error) => void = () => undefined;
  const failure = new Promise<never>((_, reject) => {
    failed = reject;
  });
  failure.catch(() => undefined);
  const pause = (seconds: number) =>
    Promise.race([new Promise((resolve) => setTimeout(resolve, seconds * 1000)), failure]);
  const load = drive(job, (why) => {
    failed(new Error(why));
  });
  try {
    await pause(job.warmUpSeconds);
    const before = snapshot(job);
    load.reset();
    await pause(job.seconds);
    const after = snapshot(job);
    const { latencies, declined, all, chains } = load.stop();
    const used = (who: Exclude<keyof typeof before, 'at'>) => after[who] - before[who];
    return {
      requests: latencies.length,
      declined,
      all,
      ...(chains && { chains }),
      seconds: (after.at - before.at) / 1000,
      p50: percentile(latencies, 0.5),
      p99: percentile(latencies, 0.99),
      serverCpu: used('server'),
      postgresCpu: used('postgres'),
      generatorCpu: used('generator'),
      foreignCpu: Math.max(0, used('machine') - used('server') - used('postgres') - used('generator')),
      memory: memoryOf(job.server),
    };
  } finally {
    load.stop();
  }
}

process.on('message', ({ id, input }: { id: number; input: Job }) => {
  measure(input).then(
    (output) => process.send?.({ id, output }),
    (error: unknown) => process.send?.({ id, error: (error as Error).message }),
  );
});
process.send?.({ ready: true });
