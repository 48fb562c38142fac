import { newSetUp, peerEnvironment, peerFile, type StartPeer } from './peers.js';
import { startServer } from './start.js';
import {
  clientCredentialsTrial,
  codeTrial,
  jwksTrial,
  refreshGrantTrial,
  opaqueIntrospectionTrial,
} from './trials.js';

/** More than it exchanges in a second. */
const CODES_PER_SECOND = 2500;

export const startOidcProvider: StartPeer = (around, from) => {
  const known = newSetUp();
  return startServer(around, {
    name: 'oidc-provider',
    title: `oidc-provider ${from.versionOf('oidc-provider')}`,
    file: peerFile(from, 'oidc-provider'),
    jwksPath: '/jwks',
    remarks: { introspection: 'an opaque token: those that are JWTs it does not introspect' },
    environment: peerEnvironment(known),
    setUp({ ask }) {
      const made = (what: string, count: number) => ask<string[]>(what, { count });
      return Promise.resolve({
        'refresh-grant': async ({ connections }) =>
          refreshGrantTrial('/token', known.app, await made('refreshTokens', connections + 1)),
        'client-credentials': () => clientCredentialsTrial('/token', known.agent),
        code: async ({ connections, seconds }) =>
          codeTrial('/token', known.app, await made('codes', Math.ceil(seconds * CODES_PER_SECOND) + connections)),
        introspection: async ({ connections }) =>
          opaqueIntrospectionTrial('/token/introspection', known.agent, await made('accessTokens', connections)),
        'introspection-refresh': async ({ connections }) =>
          opaqueIntrospectionTrial('/token/introspection', known.agent, await made('refreshTokens', connections)),
        jwks: () => jwksTrial('/jwks'),
      }); // prettier-ignore
    },
  });
};
