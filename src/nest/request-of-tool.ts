import type { ExecutionContext } from '@nestjs/common';
import type { AdmittedRequest } from '../guard/auth-info.js';

/** The HTTP request that brought the call of a tool of `@rekog/mcp-nest`, which Nest runs as a microservice. */
export function requestOfTool(context: ExecutionContext): AdmittedRequest | undefined {
  const rpc = context.switchToRpc().getContext<{ getRawRequest?: () => AdmittedRequest | undefined }>();
  return rpc.getRawRequest?.();
}
