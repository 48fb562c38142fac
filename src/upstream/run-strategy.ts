import passport from 'passport';
import OAuth2Strategy from 'passport-oauth2';
import type { UpstreamPerson } from '../users/upstream-identities.repository.js';
import type { BeginOptions, StrategyRequest, UpstreamStrategy } from './upstream.strategy.js';

/** Knows no strategy by name: it is handed the one to ask, so two applications in one process never meet. */
const authenticator = new passport.Passport();

export type StrategyOutcome = { readonly location: string } | { readonly person: UpstreamPerson };

/** passport-oauth2 hides what failed in an error of its own. */
const causeOf = (error: unknown): unknown =>
  error instanceof OAuth2Strategy.InternalOAuthError ? error.oauthError : error;

/** Asks a strategy through Passport, whose redirect is caught rather than sent: Fastify's reply is not Express's. */
export async function runStrategy(
  strategy: UpstreamStrategy,
  request: StrategyRequest,
  options: BeginOptions = {},
): Promise<StrategyOutcome> {
  return new Promise((resolve, reject) => {
    const fail = (error: unknown) => {
      const cause = causeOf(error);
      reject(cause instanceof Error ? cause : new Error('a strategy answered neither a person nor an error'));
    };
    let location = '';
    const response = {
      setHeader(name: string, value: string) {
        if (name === 'Location') location = value;
      },
      end() {
        resolve({ location });
      },
    };
    const answered = (error: unknown, person: unknown) => {
      if (error || !person) fail(error);
      else resolve({ person: person as UpstreamPerson });
    };
    const middleware = authenticator.authenticate(
      // Passport adds this request's actions to what it is handed: shared, one person's answer would reach another.
      Object.create(strategy) as UpstreamStrategy,
      { ...options, session: false } as never,
      answered,
    ) as (request: object, response: object, next: (error?: unknown) => void) => void;
    middleware({ ...request }, response, fail);
  });
}
