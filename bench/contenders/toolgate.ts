import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import type { Server, Surroundings } from './contender.js';
import { startServer } from './start.js';
import { switchedTrials } from './toolgate-switched.js';
import { ToolgateTrials } from './toolgate-trials.js';

export interface ToolgateOptions {
  readonly name: string;
  readonly title: string;
  /** The folder whose dist/ is run. */
  readonly root: string;
  /** Its checks of who calls can be switched off. */
  readonly switched?: true;
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
  { name, title, root, switched, databaseUrl: given, masterKey = newMasterKey() }: ToolgateOptions,
): Promise<Server> {
  return startServer(around, {
    name,
    title,
    file: fileURLToPath(new URL('./toolgate-server.js', import.meta.url)),
    jwksPath: '/.well-known/jwks.json',
    ...(given !== undefined && { databaseUrl: given }),
    environment: ({ issuer, databaseUrl }) => toolgateEnvironment(issuer, databaseUrl, masterKey),
    arguments: [root, ...(switched ? ['switched'] : [])],
    setUp: async (access) => {
      const trials = await new ToolgateTrials(access.port, access.databaseUrl).setUp();
      return switched ? switchedTrials(trials, access) : trials;
    },
  });
}

/** One process as two contenders of the operation `tool-open`: with its checks, and in turns with them switched off. */
export async function startSwitched(
  around: Surroundings,
  { name, title, root }: ToolgateOptions,
): Promise<readonly [guarded: Server, open: Server]> {
  const server = await startToolgate(around, { name: `${name}-switched`, title, root, switched: true });
  const { 'tool-jwt': guarded, 'tool-open': open } = server.trials;
  if (!guarded || !open) throw new Error('the service has no switch');
  const remark =
    'the same process and the same requests as guarded, in turns, without the guards of authentication and of scopes';
  return [
    { ...server, name: `${name}-guarded`, title: `${title}, guarded`, trials: { 'tool-open': guarded } },
    {
      ...server,
      name: `${name}-open`,
      title: `${title}, unguarded`,
      remarks: { 'tool-open': remark },
      trials: { 'tool-open': open },
    },
  ];
}
