import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Measured } from '../load/load.js';
import { Worker } from '../processes.js';
import type { Floor, Surroundings } from './contender.js';

/** The cost of a hash in the very library and at the very cost that everyone here logs in with, and nothing around it. */
export async function startArgon2(around: Surroundings): Promise<Floor> {
  const worker = await Worker.start({
    file: fileURLToPath(new URL('./argon2-server.js', import.meta.url)),
    cores: around.cores,
    log: join(around.directory, 'argon2.log'),
  });
  return {
    name: 'argon2',
    title: 'argon2id alone',
    operation: 'login',
    remarks: {},
    measure: (window) => worker.ask<Measured>(window),
    stop: () => worker.stop(),
  };
}
