import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { AuthenticatedRequest } from '../access/decorators.js';
import { missingScopes } from '../access/scopes.js';
import { ToolgateError } from '../errors/toolgate-error.js';
import { ToolRegistry } from './tool-registry.js';

interface ToolsCall {
  readonly method?: unknown;
  readonly params?: { readonly name?: unknown } | null;
}

/** Checks a `tools/call` before anything is dispatched, on the very body that will be (spec R8, R9). */
@Injectable()
export class ToolScopeGuard implements CanActivate {
  constructor(private readonly registry: ToolRegistry) {}

  /** @throws ToolgateError `insufficient_scope`; `batch_not_served` for a batch, which could carry a second call past the check. */
  canActivate(context: ExecutionContext): boolean {
    const { body, principal } = context.switchToHttp().getRequest<FastifyRequest & AuthenticatedRequest>();
    if (Array.isArray(body)) throw new ToolgateError('batch_not_served');
    const { method, params } = (body ?? {}) as ToolsCall;
    if (method !== 'tools/call' || typeof params?.name !== 'string') return true;
    const tool = this.registry.get(params.name);
    if (!tool) return true;
    if (missingScopes(principal?.scopes ?? [], tool.scopes).length > 0) {
      throw new ToolgateError('insufficient_scope', {
        scopes: tool.scopes,
        detail: `The tool ${tool.name} needs: ${tool.scopes.join(' ')}`,
      });
    }
    return true;
  }
}
