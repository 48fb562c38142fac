import type { OAuthError } from '../../errors/oauth-error.js';
import type { Client } from '../clients/client.js';
import { redirectUriMatches } from '../clients/redirect-uri.js';

declare const proven: unique symbol;

/** A redirect URI that was found among its client's, and the state to give back. Made only by {@link validateRedirect}. */
export interface ValidatedRedirect {
  readonly uri: string;
  readonly state?: string | undefined;
  readonly [proven]: true;
}

const LONGEST_STATE = 4096;

/** Whether a `state` can be given back: encoded it must fit in a Location that browsers and proxies carry. */
export const stateFits = (state: string): boolean =>
  state.length <= LONGEST_STATE && encodeURIComponent(state).length <= LONGEST_STATE;

/** Undefined when the client did not register this URI. */
export function validateRedirect(
  { metadata }: Client,
  uri: string,
  state: string | undefined,
): ValidatedRedirect | undefined {
  if (!metadata.redirect_uris.some((registered) => redirectUriMatches(registered, uri))) return undefined;
  return { uri, ...(state !== undefined && stateFits(state) && { state }) } as ValidatedRedirect;
}

/** An error that may travel to the client, because where to is proven. */
export class RedirectableError extends Error {
  constructor(
    readonly redirect: ValidatedRedirect,
    readonly error: OAuthError,
  ) {
    super(error.message, { cause: error });
    this.name = 'RedirectableError';
  }
}

/** RFC 6749 section 4.1.2, with `iss` (RFC 9207). */
export function codeLocation(redirect: ValidatedRedirect, issuer: string, code: string): string {
  return location(redirect, issuer, { code });
}

/** RFC 6749 section 4.1.2.1, with `iss`. */
export function errorLocation({ redirect, error }: RedirectableError, issuer: string): string {
  return location(redirect, issuer, { error: error.error, error_description: error.description });
}

/** Appended to the text as it was registered: a URL parser could spell the rest anew (RFC 6749 section 3.1.2). */
function location(redirect: ValidatedRedirect, iss: string, answer: Record<string, string>): string {
  const { uri, state } = redirect;
  const query = Object.entries({ ...answer, ...(state !== undefined && { state }), iss })
    .map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
    .join('&');
  const joint = !uri.includes('?') ? '?' : /[?&]$/.test(uri) ? '' : '&';
  return uri + joint + query;
}
