import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../src/database/free-port.js';
import { createDatabase } from '../database.js';
import { OPERATION_NAMES, type Operation } from '../operations.js';
import { Worker } from '../processes.js';
import type { Contender, Surroundings } from './contender.js';
import { ToolgateTrials } from './toolgate-trials.js';

export interface ToolgateOptions {
  readonly name: string;
  readonly title: string;
  /** The folder whose dist/ is run. */
  readonly root: string;
  /** Without any check of who calls. */
  readonly open?: true;
  /** A database that is there already. */
  readonly databaseUrl?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** The environment of a service as an operator would run it, but for limits that one generator alone would run into. */
export const toolgateEnvironment = (port: number, databaseUrl: string, masterKey: string) => ({
  NODE_ENV: 'production',
  PORT: String(port),
  PUBLIC_URL: `http://127.0.0.1:${port}`,
  DATABASE_URL: databaseUrl,
  MASTER_KEY: masterKey,
  LOGIN_LIMIT_ADDRESS: '1000000',
  // Counted as in earnest, but never reached by the one caller of a bench.
  MCP_CALL_LIMIT: '1000000000',
  REGISTER_LIMIT_ADDRESS: '1000000',
  REGISTRATION_LIMIT_ADDRESS: '1000000',
});

export async function startToolgate(around: Surroundings, options: ToolgateOptions): Promise<Contender> {
  const { name, title, root, open } = options;
  const port = await freePort();
  const databaseUrl =
    options.databaseUrl ??
    (await createDatabase(around.postgresUrl, `toolgate_${randomBytes(4).toString('hex')}`));
  const masterKey = randomBytes(32).toString('base64');
  const worker = await Worker.start({
    file: fileURLToPath(new URL('./toolgate-server.js', import.meta.url)),
    cores: around.cores,
    env: { ...toolgateEnvironment(port, databaseUrl, masterKey), ...options.env },
    log: join(around.directory, `${name}.log`),
    arguments: [root, String(around.processes), ...(open ? ['open'] : [])],
  });
  const trials = new ToolgateTrials(port, databaseUrl);
  try {
    if (!open) await trials.setUp();
  } catch (error) {
    // Nobody else knows of it yet.
    await worker.stop();
    throw error;
  }
  const operations = new Set<Operation>(
    open ? ['tool-open'] : OPERATION_NAMES.filter((operation) => operation !== 'tool-open'),
  );
  return {
    name,
    title,
    port,
    pids: worker.pids,
    jwksPath: '/.well-known/jwks.json',
    issuer: `http://127.0.0.1:${port}`,
    operations,
    remarks: {},
    trial: (operation, extent) => trials.trial(operation, extent),
    stop: () => worker.stop(),
  };
}
