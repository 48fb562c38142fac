import { CATALOGUE } from './catalogue.js';
import type { ToolgateError } from './toolgate-error.js';

/** An error as a REST caller reads it (RFC 9457). */
export function problemOf(error: ToolgateError, issuer: string, requestId: string) {
  const { status, title, help } = CATALOGUE[error.code];
  const scopes = error.options.scopes && { required_scopes: error.options.scopes };
  return {
    type: `${issuer}/errors/${error.code}`,
    title,
    status,
    detail: error.options.detail ?? title,
    code: error.code,
    help,
    request_id: requestId,
    ...scopes,
    ...error.options.members,
  };
}
