import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../src/database/free-port.js';
import { createDatabase, query } from '../database.js';
import { OPERATION_NAMES, type Operation } from '../operations.js';
import { Worker } from '../processes.js';
import { BareTrials } from './bare-trials.js';
import { BARE_SCHEMA } from './bare/sql.js';
import type { Contender, Surroundings } from './contender.js';

/** The yardstick. */
export async function startBare(around: Surroundings): Promise<Contender> {
  const port = await freePort();
  const databaseUrl = await createDatabase(around.postgresUrl, `bare_${randomBytes(4).toString('hex')}`);
  await query(databaseUrl, BARE_SCHEMA);
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const worker = await Worker.start({
    file: fileURLToPath(new URL('./bare/server.js', import.meta.url)),
    cores: around.cores,
    env: {
      NODE_ENV: 'production',
      DATABASE_URL: databaseUrl,
      BARE_KEY: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    },
    log: join(around.directory, 'bare.log'),
    arguments: [String(port), String(around.processes)],
  });
  const trials = new BareTrials(port, databaseUrl);
  await trials.setUp();
  const without: Operation[] = ['tool-key', 'tool-open'];
  return {
    name: 'bare',
    title: 'bare (node:http + pg)',
    port,
    pids: worker.pids,
    jwksPath: '/jwks',
    issuer: `http://127.0.0.1:${port}`,
    operations: new Set(OPERATION_NAMES.filter((operation) => !without.includes(operation))),
    remarks: {},
    trial: (operation, extent) => trials.trial(operation, extent),
    stop: () => worker.stop(),
  };
}
