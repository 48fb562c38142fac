import { randomToken, sha256 } from '../../crypto/digest.js';
import type { Client, ClientMetadata } from './client.js';
import type { NewClient } from './clients.repository.js';

/** A client that an operator makes, and its secret, which is known only now. */
export function configuredClient(
  metadata: ClientMetadata,
  given: Pick<Client, 'ownScopes' | 'serves'>,
): { readonly client: NewClient; readonly secret: string | undefined } {
  const secret = metadata.token_endpoint_auth_method.startsWith('client_secret')
    ? `tgs_${randomToken()}`
    : undefined;
  const client: NewClient = {
    clientId: `tgc_${randomToken(16)}`,
    source: 'configured',
    metadata,
    secretDigest: secret === undefined ? null : sha256(secret),
    registrationTokenDigest: null,
    ...given,
  };
  return { client, secret };
}
