import { bearerBody } from '../errors/bearer-body.js';
import { CATALOGUE } from '../errors/catalogue.js';
import { challenge, type ChallengeContext } from '../errors/challenge.js';
import { ToolgateError } from '../errors/toolgate-error.js';
import type { GuardAnswer } from './resource-guard.js';

export interface AnswerContext extends ChallengeContext {
  readonly issuer: string;
}

export const asToolgateError = (thrown: unknown): ToolgateError =>
  thrown instanceof ToolgateError ? thrown : new ToolgateError('internal', { cause: thrown });

export function bearerAnswer(error: ToolgateError, context: AnswerContext): GuardAnswer {
  const wwwAuthenticate = challenge(error, error.options.detail ?? CATALOGUE[error.code].title, context);
  return {
    status: error.status,
    headers: {
      'Content-Type': 'application/json',
      'Cache-Control': 'no-store',
      ...(wwwAuthenticate !== undefined && { 'WWW-Authenticate': wwwAuthenticate }),
      ...error.options.headers,
    },
    body: JSON.stringify(bearerBody(error, context.issuer)),
  };
}
