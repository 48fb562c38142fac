import { CATALOGUE } from './catalogue.js';
import type { ToolgateError } from './toolgate-error.js';

/** RFC 6750 section 3.1 names three errors, RFC 6749 two more for our own troubles; the rest is in the words. */
export function bearerBody(error: ToolgateError, issuer: string): object {
  const { title, help } = CATALOGUE[error.code];
  const scopes = error.options.scopes && { scope: error.options.scopes.join(' ') };
  return {
    ...(error.code === 'missing_credential' ? {} : { error: oauthWord(error) }),
    error_description: `${error.options.detail ?? title}. ${help}`.replace(/([.!?])\. /, '$1 '),
    error_uri: `${issuer}/errors/${error.code}`,
    ...scopes,
  };
}

function oauthWord({ status, code }: ToolgateError): string {
  if (status === 401) return 'invalid_token';
  if (status === 500) return 'server_error';
  if (status === 503 || status === 429) return 'temporarily_unavailable';
  return code === 'insufficient_scope' ? code : 'invalid_request';
}
