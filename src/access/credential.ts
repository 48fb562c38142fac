import type { IncomingHttpHeaders } from 'node:http';
import { ToolgateError } from '../errors/toolgate-error.js';

/** A credential as it came, before anything is known of it. */
export interface Credential {
  readonly kind: 'access_token' | 'api_key';
  readonly value: string;
  /** It came after `Bearer`, where not every character may stand. */
  readonly inAuthorization?: boolean;
}

const KEY_PREFIX = 'tgk_';

export const looksLikeApiKey = (text: string): boolean => text.startsWith(KEY_PREFIX);

/** Longer than any credential we issue: nothing is hashed or parsed past it. */
const LONGEST = 8192;
const SCHEME = 'bearer ';
/** RFC 6750 section 2.1. */
const TOKEN = /^[A-Za-z0-9._~+/-]+=*$/;

/**
 * Reads the one credential of a request: `Authorization: Bearer` carries a token or a key, told apart by prefix;
 * `X-API-Key` a key. Nothing else is looked at, the query string least of all (spec R11).
 *
 * @returns undefined when none was sent.
 * @throws ToolgateError `ambiguous_credential`, `invalid_token`, `invalid_api_key`
 */
export function credentialOf(headers: IncomingHttpHeaders): Credential | undefined {
  const credential = presentedIn(headers);
  if (credential) requireWellFormed(credential);
  return credential;
}

/**
 * The same without a look at each of its characters, which takes longer than to find what is known already. What is not has
 * to be {@link requireWellFormed}.
 *
 * @throws ToolgateError `ambiguous_credential`, `invalid_token`, `invalid_api_key`
 */
export function presentedIn(headers: IncomingHttpHeaders): Credential | undefined {
  const authorization = headers.authorization;
  const apiKey = headers['x-api-key'];
  if (authorization !== undefined && apiKey !== undefined) throw new ToolgateError('ambiguous_credential');
  if (apiKey !== undefined) {
    if (typeof apiKey !== 'string' || apiKey === '' || apiKey.length > LONGEST) {
      throw new ToolgateError('invalid_api_key', { reason: 'malformed X-API-Key' });
    }
    return { kind: 'api_key', value: apiKey };
  }
  if (authorization === undefined) return undefined;
  // The scheme in any case, and one space or more after it (RFC 9110 section 11.1).
  const scheme = authorization.slice(0, SCHEME.length).toLowerCase();
  if (authorization.length > LONGEST || scheme !== SCHEME) throw malformed();
  let start = SCHEME.length;
  while (authorization[start] === ' ') start += 1;
  const value = authorization.slice(start);
  return { kind: looksLikeApiKey(value) ? 'api_key' : 'access_token', value, inAuthorization: true };
}

/** @throws ToolgateError `invalid_token` */
export function requireWellFormed({ value, inAuthorization = false }: Credential): void {
  if (inAuthorization && !TOKEN.test(value)) throw malformed();
}

const malformed = () =>
  new ToolgateError('invalid_token', {
    reason: 'malformed Authorization header',
    detail: 'The Authorization header must be `Bearer <access token or API key>`.',
  });

/** {@link presentedIn} where one must be there. @throws ToolgateError `missing_credential`, and what that throws. */
export function requirePresented(headers: IncomingHttpHeaders): Credential {
  const credential = presentedIn(headers);
  if (!credential) throw new ToolgateError('missing_credential');
  return credential;
}

/**
 * Node keeps the first of several Authorization headers; whatever stands before it may have looked at another.
 *
 * @throws ToolgateError `ambiguous_credential`
 */
export function requireOneAuthorization(rawHeaders: readonly string[]): void {
  let found = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? '';
    if (name.length === 13 && name.toLowerCase() === 'authorization') found += 1;
  }
  if (found > 1) throw new ToolgateError('ambiguous_credential');
}
