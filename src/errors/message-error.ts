import { bearerBody } from './bearer-body.js';
import { toToolgateError } from './from-unknown.js';
import { OAuthError } from './oauth-error.js';

/** What the sender of a message gets in place of an answer: as over HTTP, with the status as a member. */
export interface MessageError {
  readonly status: number;
  readonly error?: string;
  readonly error_description?: string;
  /** Seconds to wait. */
  readonly retry_after?: number;
}

export function messageError(thrown: unknown, issuer: string): MessageError {
  const oauth = thrown instanceof OAuthError;
  const error = oauth ? thrown : toToolgateError(thrown);
  const body = oauth
    ? { error: thrown.error, error_description: thrown.description }
    : bearerBody(toToolgateError(thrown), issuer);
  const wait = Number(error.options.headers?.['Retry-After']);
  return { status: error.status, ...body, ...(Number.isInteger(wait) && { retry_after: wait }) };
}
