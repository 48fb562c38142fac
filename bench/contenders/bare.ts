import { generateKeyPairSync } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { query } from '../database.js';
import { BareTrials } from './bare-trials.js';
import type { Server, Surroundings } from './contender.js';
import { startServer } from './start.js';

/** The yardstick. */
export async function startBare(around: Surroundings): Promise<Server> {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  return startServer(around, {
    name: 'bare',
    title: 'bare (node:http + pg)',
    file: fileURLToPath(new URL('./bare/server.js', import.meta.url)),
    jwksPath: '/jwks',
    environment: ({ databaseUrl, issuer }) => ({ DATABASE_URL: databaseUrl, ISSUER: issuer, BARE_KEY: pem }),
    setUp: ({ port, databaseUrl }) =>
      new BareTrials(port, (text, values) => query(databaseUrl, text, values)).setUp(),
  });
}
