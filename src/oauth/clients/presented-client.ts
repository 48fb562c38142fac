import { OAuthError } from '../../errors/oauth-error.js';
import type { Parameters } from '../parameters.js';

export const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

/** How a client said who it is, before anything of it is believed. */
export type PresentedClient =
  | { readonly method: 'none'; readonly clientId: string }
  | {
      readonly method: 'client_secret_basic' | 'client_secret_post';
      readonly clientId: string;
      readonly secret: string;
    }
  | { readonly method: 'private_key_jwt'; readonly clientId: string; readonly assertion: string };

const BASIC = /^basic +([A-Za-z0-9+/]+={0,2})$/i;

/**
 * Reads the client's credentials from a token request (RFC 6749 section 2.3, RFC 7523 section 2.2).
 *
 * @throws OAuthError `invalid_request` for none or more than one, `invalid_client`
 */
export function presentedClient(authorization: string | undefined, parameters: Parameters): PresentedClient {
  const clientId = parameters.get('client_id');
  const secret = parameters.get('client_secret');
  const assertion = parameters.get('client_assertion');
  const basic = authorization === undefined ? undefined : readBasic(authorization);
  if ([basic, secret, assertion].filter((one) => one !== undefined).length > 1)
    throw new OAuthError('invalid_request', 'Authenticate the client in one way, not several.');
  if (basic) {
    if (clientId !== undefined && clientId !== basic.clientId)
      throw new OAuthError('invalid_request', 'client_id differs from the one in the Authorization header.');
    return { method: 'client_secret_basic', ...basic };
  }
  if (assertion !== undefined)
    return readAssertion(parameters.get('client_assertion_type'), assertion, clientId);
  if (clientId === undefined) throw new OAuthError('invalid_request', 'client_id is missing.');
  if (secret !== undefined) return { method: 'client_secret_post', clientId, secret };
  return { method: 'none', clientId };
}

/** RFC 6749 section 2.3.1: both parts form-encoded. Ours never change under it, so clients that forget it work too. */
function readBasic(authorization: string): { clientId: string; secret: string } | undefined {
  if (!/^basic\b/i.test(authorization)) return undefined;
  const decoded = Buffer.from(BASIC.exec(authorization)?.[1] ?? '', 'base64').toString();
  const colon = decoded.indexOf(':');
  const parts = [decoded.slice(0, colon), decoded.slice(colon + 1)];
  try {
    const [clientId = '', secret = ''] = parts.map((part) => decodeURIComponent(part.replaceAll('+', ' ')));
    if (colon > 0 && secret !== '') return { clientId, secret };
  } catch {
    // Falls through: a percent sign that encodes nothing.
  }
  throw new OAuthError('invalid_client', 'The Authorization header is not valid Basic credentials.', {
    status: 401,
    headers: { 'WWW-Authenticate': 'Basic realm="toolgate"' },
  });
}

function readAssertion(
  type: string | undefined,
  assertion: string,
  clientId: string | undefined,
): PresentedClient {
  if (type !== ASSERTION_TYPE)
    throw new OAuthError('invalid_request', `client_assertion_type must be ${ASSERTION_TYPE}.`);
  const subject = subjectOf(assertion);
  if (subject === undefined || (clientId !== undefined && clientId !== subject))
    throw new OAuthError('invalid_client', 'The client assertion does not name this client as its sub.', {
      status: 401,
    });
  return { method: 'private_key_jwt', clientId: subject, assertion };
}

/** Whose keys to look for; believed only once the signature holds. */
function subjectOf(assertion: string): string | undefined {
  try {
    const claims: unknown = JSON.parse(Buffer.from(assertion.split('.')[1] ?? '', 'base64url').toString());
    const sub = (claims as { sub?: unknown } | null)?.sub;
    return typeof sub === 'string' ? sub : undefined;
  } catch {
    return undefined;
  }
}
