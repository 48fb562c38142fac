import { createParamDecorator, type ExecutionContext, SetMetadata } from '@nestjs/common';
import type { Principal } from './principal.js';
import type { Scope } from './scopes.js';

export const PUBLIC = 'toolgate:public';
export const AUDITED = 'toolgate:audited';
export const REQUIRED_SCOPES = 'toolgate:required-scopes';

/** A request as the guards leave it. */
export interface AuthenticatedRequest {
  principal?: Principal;
}

/** Opens a route: no credential is asked for. Everything else is closed. */
export const Public = () => SetMetadata(PUBLIC, true);

/** Every scope named must be held. On a class and its method they add up. */
export const RequireScope = (...scopes: Scope[]) => SetMetadata(REQUIRED_SCOPES, scopes);

/** The principal of this request, as the authentication guard found it. */
export const Caller = createParamDecorator((_: unknown, context: ExecutionContext): Principal => {
  if (context.getType<string>() !== 'http') throw new Error('@Caller() of a message: only requests have one');
  const { principal } = context.switchToHttp().getRequest<AuthenticatedRequest>();
  if (!principal) throw new Error('@Caller() on a @Public() route: there is no principal here');
  return principal;
});
