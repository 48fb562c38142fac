import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Server, Surroundings } from './contender.js';
import type { Recipe } from './start.js';
import { CHALLENGE, REDIRECT } from './trials.js';

export type StartPeer = (around: Surroundings, from: PeerFolder) => Promise<Server>;

/** Where the peers' packages are installed, and what is. */
export interface PeerFolder {
  readonly directory: string;
  versionOf(name: string): string;
}

/** What a peer's server is told of the clients it is to know. */
export interface PeerSetUp {
  readonly agent: { readonly client_id: string; readonly client_secret: string };
  readonly app: string;
}

export const newSetUp = (): PeerSetUp => ({
  agent: { client_id: 'agent', client_secret: randomBytes(32).toString('base64url') },
  app: 'app',
});

export const peerFile = (from: PeerFolder, name: string) => join(from.directory, `${name}.mjs`);

/** Of all processes of one peer. */
export function peerEnvironment(setUp?: PeerSetUp): Recipe['environment'] {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const shared = {
    PRIVATE_JWK: JSON.stringify(privateKey.export({ format: 'jwk' })),
    SECRET: randomBytes(32).toString('base64url'),
    SET_UP: JSON.stringify({ ...setUp, redirect: REDIRECT, challenge: CHALLENGE }),
  };
  return ({ port, databaseUrl }) => ({
    ...shared,
    ISSUER: `http://127.0.0.1:${port}`,
    DATABASE_URL: databaseUrl,
  });
}
