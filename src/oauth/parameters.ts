import { OAuthError } from '../errors/oauth-error.js';

/** The parameters of a form or a query, each once. */
export type Parameters = ReadonlyMap<string, string>;

const MOST = 64;
const LONGEST = 16_384;

/**
 * Reads a parsed form or query: an empty parameter equals an omitted one, unknown ones stay and are nobody's business, a
 * repeated one is an error (RFC 6749 sections 3.1 and 3.2, spec S16).
 *
 * @returns the parameters, and the names that came more than once.
 */
export function readParameters(raw: unknown): { parameters: Parameters; repeated: ReadonlySet<string> } {
  const parameters = new Map<string, string>();
  const repeated = new Set<string>();
  if (typeof raw !== 'object' || raw === null) return { parameters, repeated };
  for (const [name, value] of Object.entries(raw).slice(0, MOST)) {
    if (Array.isArray(value)) repeated.add(name);
    // Half a character can come in JSON alone; in a form it would have been read as U+FFFD.
    else if (typeof value === 'string' && value !== '')
      parameters.set(name, value.replace(/\p{Surrogate}/gu, '\ufffd'));
  }
  return { parameters, repeated };
}

/**
 * The parameters of a request to an endpoint that answers the client itself.
 *
 * @throws OAuthError `invalid_request`
 */
export function formParameters(body: unknown): Parameters {
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw new OAuthError('invalid_request', 'Send the parameters as application/x-www-form-urlencoded.');
  const { parameters, repeated } = readParameters(body);
  const [twice] = repeated;
  if (twice !== undefined)
    throw new OAuthError('invalid_request', `${printable(twice)} was sent more than once.`);
  for (const [name, value] of parameters) {
    if (value.length > LONGEST) throw new OAuthError('invalid_request', `${printable(name)} is too long.`);
    if (value.includes('\u0000'))
      throw new OAuthError('invalid_request', `${printable(name)} has a NUL character.`);
  }
  return parameters;
}

/** @throws OAuthError `invalid_request` */
export function required(parameters: Parameters, name: string): string {
  const value = parameters.get(name);
  if (value === undefined) throw new OAuthError('invalid_request', `${name} is missing.`);
  return value;
}

/** What may stand in an error_description (RFC 6749 section 5.2). */
export const printable = (text: string): string =>
  text.slice(0, 100).replace(/[^\x20\x21\x23-\x5b\x5d-\x7e]/g, '?');
