import type { FastifyReply } from 'fastify';
import { PAGE_STYLE_HASH } from './views/layout.js';

/**
 * What a page may do: show itself, and send its forms to us. Browsers also hold the redirect after a form to
 * `form-action`, so a page whose form may lead back to a client names that place.
 */
export function pagePolicy(formTargets: readonly string[] = []): string {
  return [
    `default-src 'none'`,
    `style-src ${PAGE_STYLE_HASH}`,
    `form-action ${["'self'", ...formTargets].join(' ')}`,
    `frame-ancestors 'none'`,
    `base-uri 'none'`,
  ].join('; ');
}

export async function sendPage(
  reply: FastifyReply,
  html: string,
  options: { status?: number; formTargets?: readonly string[]; headers?: Record<string, string> } = {},
): Promise<void> {
  await reply
    .headers({
      'Cache-Control': 'no-store',
      // With none at all, browsers send forms with `Origin: null`, as a stranger's sandbox does.
      'Referrer-Policy': 'same-origin',
      'Content-Security-Policy': pagePolicy(options.formTargets),
      ...options.headers,
    })
    .status(options.status ?? 200)
    .type('text/html; charset=utf-8')
    .send(html);
}

/** A redirect URI as a CSP source: its origin, or for an app its scheme. */
export const formTarget = (redirectUri: string): string =>
  /^https?:/.test(redirectUri)
    ? new URL(redirectUri).origin.replace('[::1]', '*')
    : `${redirectUri.split(':', 1)[0] ?? ''}:`;
