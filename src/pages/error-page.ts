import type { PageError } from '../errors/oauth-error.js';
import { pagePolicy } from './page-reply.js';
import { errorPage } from './views/error.js';

/** For the error filter: an error as a whole page. */
export function renderErrorPage(
  { code, page }: PageError,
  requestId: string,
): { html: string; policy: string } {
  return { html: errorPage({ ...page, code, requestId }), policy: pagePolicy() };
}
