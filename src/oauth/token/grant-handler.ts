import type { TokenResponse } from '../../tokens/token-responses.js';
import type { GrantType } from '../clients/client.js';
import type { AuthenticatedClient } from '../clients/client-authentication.js';
import type { Parameters } from '../parameters.js';

/** A token request whose client is known, may use this grant, and sent each parameter once. */
export interface TokenRequest {
  readonly client: AuthenticatedClient;
  readonly parameters: Parameters;
  readonly address: string | null;
  readonly userAgent: string | null;
  readonly requestId: string;
}

/** One grant type. The phases before it are the controller's, so that no grant can skip one. */
export interface GrantHandler {
  readonly type: GrantType;
  /** @throws OAuthError, or ToolgateError of a refresh token, which the controller words as RFC 6749 does */
  handle(request: TokenRequest): Promise<TokenResponse>;
}
