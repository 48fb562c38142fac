import type { UpstreamProvider } from '../config/upstream-providers.js';
import type { Endpoints } from './discovery.js';
import { providerFetch } from './provider-fetch.js';
import { refused } from './upstream-error.js';

/** RFC 6749 section 2.3.1: both halves are form-encoded before they are joined. */
const encoded = (value: string) => new URLSearchParams({ _: value }).toString().slice(2);
const basic = (id: string, secret: string) =>
  `Basic ${Buffer.from(`${encoded(id)}:${encoded(secret)}`).toString('base64')}`;

/**
 * The code for tokens (RFC 6749 section 4.1.3).
 *
 * @throws UpstreamError
 */
export async function exchange(
  { clientId, clientSecret }: UpstreamProvider,
  { tokenUrl, authMethod }: Endpoints,
  parameters: Readonly<Record<string, string>>,
): Promise<Record<string, unknown> & { access_token: string }> {
  const inBody = authMethod === 'client_secret_post' && { client_id: clientId, client_secret: clientSecret };
  const { status, body } = await providerFetch(tokenUrl, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/x-www-form-urlencoded',
      ...(!inBody && { Authorization: basic(clientId, clientSecret) }),
    },
    body: new URLSearchParams({ ...parameters, ...inBody }).toString(),
  });
  const answer = (typeof body === 'object' && body !== null ? body : {}) as Record<string, unknown>;
  // GitHub answers its errors with 200.
  const error = answer['error'];
  const { access_token } = answer;
  if (status !== 200 || error !== undefined || typeof access_token !== 'string' || access_token === '') {
    const word = typeof error === 'string' ? error.replace(/[^\w-]/g, '').slice(0, 60) : 'no access_token';
    throw refused(`the token endpoint answers ${status}: ${word}`);
  }
  return { ...answer, access_token };
}
