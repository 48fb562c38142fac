import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import type { Server, Surroundings } from './contender.js';
import { startServer } from './start.js';
import { ToolgateTrials } from './toolgate-trials.js';

export interface ToolgateOptions {
  readonly name: string;
  readonly title: string;
  /** The folder whose dist/ is run. */
  readonly root: string;
  /** Asked for its `profile`, it says where its time went since it was asked last. */
  readonly profiled?: true;
  /** A database that is there already, and the key of what is encrypted in it. */
  readonly databaseUrl?: string;
  readonly masterKey?: string;
}

export const newMasterKey = () => randomBytes(32).toString('base64');

/** The environment of a service as an operator would run it, but for limits that one generator alone would run into. */
export const toolgateEnvironment = (publicUrl: string, databaseUrl: string, masterKey: string) => ({
  NODE_ENV: 'production',
  PUBLIC_URL: publicUrl,
  DATABASE_URL: databaseUrl,
  MASTER_KEY: masterKey,
  LOGIN_LIMIT_ADDRESS: '1000000',
  // Counted as in earnest, but never reached by the one caller of a bench.
  MCP_CALL_LIMIT: '1000000000',
  REGISTER_LIMIT_ADDRESS: '1000000',
  REGISTRATION_LIMIT_ADDRESS: '1000000',
});

export async function startToolgate(
  around: Surroundings,
  { name, title, root, profiled, databaseUrl: given, masterKey = newMasterKey() }: ToolgateOptions,
): Promise<Server> {
  return startServer(around, {
    name,
    title,
    file: fileURLToPath(new URL('./toolgate-server.js', import.meta.url)),
    jwksPath: '/.well-known/jwks.json',
    ...(given !== undefined && { databaseUrl: given }),
    environment: ({ issuer, databaseUrl }) => toolgateEnvironment(issuer, databaseUrl, masterKey),
    arguments: [root, ...(profiled ? ['profiled'] : [])],
    setUp: ({ port, databaseUrl }) => new ToolgateTrials(port, databaseUrl).setUp(),
  });
}
