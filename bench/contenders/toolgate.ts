import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import type { Server, Surroundings } from './contender.js';
import type { Frame, Spent } from '../profile.js';
import { type Access, startServer } from './start.js';
import { ToolgateTrials } from './toolgate-trials.js';

export interface ToolgateOptions {
  readonly name: string;
  readonly title: string;
  /** The folder whose dist/ is run. */
  readonly root: string;
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

const start = (
  around: Surroundings,
  { name, title, root, databaseUrl: given, masterKey = newMasterKey() }: ToolgateOptions,
  more: { readonly arguments: readonly string[]; readonly started?: (access: Access) => void },
): Promise<Server> =>
  startServer(around, {
    name,
    title,
    file: fileURLToPath(new URL('./toolgate-server.js', import.meta.url)),
    jwksPath: '/.well-known/jwks.json',
    ...(given !== undefined && { databaseUrl: given }),
    environment: ({ issuer, databaseUrl }) => toolgateEnvironment(issuer, databaseUrl, masterKey),
    arguments: [root, ...more.arguments],
    setUp: async (access) => {
      more.started?.(access);
      return new ToolgateTrials(access.port, access.databaseUrl).setUp();
    },
  });

export const startToolgate = (around: Surroundings, options: ToolgateOptions): Promise<Server> =>
  start(around, options, { arguments: [] });

/** One process that says, each time it is asked, how it spent its time since it was asked last. */
export async function startProfiled(around: Surroundings, options: ToolgateOptions) {
  let ask: Access['ask'] | undefined;
  const started = (access: Access) => (ask = access.ask);
  const server = await start(around, options, { arguments: ['profiled'], started });
  return {
    server,
    profile: async (frames: readonly Frame[]): Promise<Spent> => {
      if (!ask) throw new Error('the service was not started');
      return ask('profile', { frames });
    },
  };
}
