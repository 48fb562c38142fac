import type { Principal } from '../access/principal.js';

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

/** A request as an adapter leaves it. */
export interface AdmittedRequest {
  principal?: Principal;
  auth?: AuthInfo;
}

export function admit(request: AdmittedRequest, principal: Principal): void {
  request.principal = principal;
  request.auth = authInfoOf(principal);
}
