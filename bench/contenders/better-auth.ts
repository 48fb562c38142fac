import type { Trial } from './contender.js';
import { newSetUp, peerEnvironment, peerFile, type StartPeer } from './peers.js';
import { FORM, JSON_BODY, mustCall, refreshGrantBody } from './requests.js';
import { startServer } from './start.js';
import {
  ACCOUNTS,
  clientCredentialsTrial,
  codeTrial,
  email,
  jwksTrial,
  loginTrial,
  opaqueIntrospectionTrial,
  PASSWORD,
  refreshGrantTrial,
  registerTrial,
  times,
} from './trials.js';

/** More than it exchanges in a second. */
const CODES_PER_SECOND = 800;
const TOKEN = '/api/auth/oauth2/token';
const account = (address: string) => ({ email: address, password: PASSWORD, name: 'Bench' });

/** It wants to know of a page that it is its own. */
const withOrigin = (trial: Trial, origin: string): Trial => ({
  ...trial,
  load: { ...trial.load, headers: { ...trial.load.headers, Origin: origin } },
});

function mustOpenSession(answer: unknown): void {
  const { token, user } = answer as { token?: unknown; user?: { email?: unknown } };
  if (typeof token !== 'string' || token.length < 32 || typeof user?.email !== 'string')
    throw new Error('the answer opens no session');
}

export const startBetterAuth: StartPeer = (around, from) => {
  const known = newSetUp();
  return startServer(around, {
    name: 'better-auth',
    title: `better-auth ${from.versionOf('better-auth')}`,
    file: peerFile(from, 'better-auth'),
    jwksPath: '/api/auth/jwks',
    issuerPath: '/api/auth',
    remarks: {
      introspection: 'an unknown token is refused; a JWT with another signature it answers with 500',
      login: 'argon2id as everyone here, in place of its scrypt; opens a session and issues no JWT',
      register: 'argon2id as everyone here, in place of its scrypt; opens a session too',
    },
    environment: peerEnvironment(known),
    async setUp({ port, ask }) {
      const origin = `http://127.0.0.1:${port}`;
      const made = (what: string, count: number) => ask<string[]>(what, { count });
      const signUp = (index: number) =>
        mustCall(port, 'POST', '/api/auth/sign-up/email', { ...JSON_BODY, Origin: origin }, JSON.stringify(account(email(index)))); // prettier-ignore
      await Promise.all(times(ACCOUNTS, signUp));
      const accessTokens = async (count: number) => {
        const refresh = (token: string) =>
          mustCall<{ access_token: string }>(port, 'POST', TOKEN, FORM, refreshGrantBody(known.app, token));
        const refreshed = (await made('refreshTokens', count)).map(refresh);
        return (await Promise.all(refreshed)).map((answer) => answer.access_token);
      };
      return {
        'refresh-grant': async ({ connections }) =>
          refreshGrantTrial(TOKEN, known.app, await made('refreshTokens', connections + 1)),
        'client-credentials': () => clientCredentialsTrial(TOKEN, known.agent, { resource: `${origin}/mcp` }),
        code: async ({ connections, seconds }) =>
          codeTrial(TOKEN, known.app, await made('codes', Math.ceil(seconds * CODES_PER_SECOND) + connections)),
        introspection: async ({ connections }) =>
          opaqueIntrospectionTrial('/api/auth/oauth2/introspect', known.agent, await accessTokens(connections)),
        login: () => ({
          ...withOrigin(loginTrial('/api/auth/sign-in/email', '"token"'), origin),
          check: mustOpenSession,
        }),
        register: (extent) => {
          const answers = { body: account, status: 200, taken: 422 };
          return withOrigin(registerTrial('/api/auth/sign-up/email', extent, answers), origin);
        },
        jwks: () => jwksTrial('/api/auth/jwks'),
      }; // prettier-ignore
    },
  });
};
