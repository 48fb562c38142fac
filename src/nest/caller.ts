import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Principal } from '../access/principal.js';
import type { AdmittedRequest } from '../guard/auth-info.js';
import { requestOfTool } from './request-of-tool.js';

/** The principal of this request: in a route, and in a tool of `@rekog/mcp-nest`. */
export const Caller = createParamDecorator((_: unknown, context: ExecutionContext): Principal => {
  const request =
    context.getType<string>() === 'http'
      ? context.switchToHttp().getRequest<AdmittedRequest>()
      : requestOfTool(context);
  if (!request?.principal)
    throw new Error('@Caller() where no credential was asked for: there is no principal here');
  return request.principal;
});
