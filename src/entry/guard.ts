export { personOf } from '../access/principal.js';
export type { ApiKeyPrincipal, ClientPrincipal, Principal, UserPrincipal } from '../access/principal.js';
export { ScopeRules } from '../access/scope-rules.js';
export type { ScopeChain } from '../access/scope-rules.js';
export type { Scope } from '../access/scopes.js';
export type { ErrorCode } from '../errors/catalogue.js';
export { ToolgateError } from '../errors/toolgate-error.js';
export { authInfoOf, principalOf } from '../guard/auth-info.js';
export type { AdmittedRequest, AuthInfo } from '../guard/auth-info.js';
export { createResourceGuard } from '../guard/create-guard.js';
export type { ResourceGuardOptions } from '../guard/create-guard.js';
export type { IntrospectionOptions } from '../guard/introspection.js';
export type {
  GuardAnswer,
  GuardedRequest,
  ResourceGuard,
  ResourceMetadata,
} from '../guard/resource-guard.js';
export { scopesForMessage } from '../guard/tool-scopes.js';
export type { NeededScopes, ToolScopes } from '../guard/tool-scopes.js';
