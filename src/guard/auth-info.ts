import type { Principal } from '../access/principal.js';
import { ToolgateError } from '../errors/toolgate-error.js';

/** The AuthInfo of the MCP SDK, as its transports hand it to tools. */
export interface AuthInfo {
  /** Empty: a tool gets the principal and never the credential, so that none can pass it upstream (spec R7). */
  token: string;
  clientId: string;
  scopes: string[];
  resource: URL;
  extra: { principal: Principal };
}

export function authInfoOf(principal: Principal): AuthInfo {
  return {
    token: '',
    clientId: principal.kind === 'api_key' ? principal.keyId : principal.clientId,
    scopes: [...principal.scopes],
    resource: new URL(principal.resource),
    extra: { principal },
  };
}

/**
 * Who called, from the `authInfo` that the SDK hands to servers and tools.
 *
 * @throws ToolgateError `missing_credential` where no guard of ours stood before.
 */
export function principalOf(authInfo: { readonly extra?: Record<string, unknown> } | undefined): Principal {
  const principal = authInfo?.extra?.['principal'] as Principal | undefined;
  if (!principal) throw new ToolgateError('missing_credential');
  return principal;
}

/** A request as an adapter leaves it. */
export interface AdmittedRequest {
  principal?: Principal;
  auth?: AuthInfo;
}

export function admit(request: AdmittedRequest, principal: Principal): void {
  request.principal = principal;
  request.auth = authInfoOf(principal);
}
