import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { AuthenticatedRequest } from '../access/decorators.js';
import { missingScopes } from '../access/scopes.js';
import { ToolgateError } from '../errors/toolgate-error.js';
import { ToolRegistry } from './tool-registry.js';

interface Message {
  readonly method?: unknown;
  readonly params?: unknown;
}

/** Checks what a message asks for before anything is dispatched, on the very body that will be (spec R8, R9). */
@Injectable()
export class ToolScopeGuard implements CanActivate {
  constructor(private readonly registry: ToolRegistry) {}

  /** @throws ToolgateError `insufficient_scope`; `batch_not_served` for a batch, which could carry a second call past the check. */
  canActivate(context: ExecutionContext): boolean {
    const { body, principal } = context.switchToHttp().getRequest<FastifyRequest & AuthenticatedRequest>();
    if (Array.isArray(body)) throw new ToolgateError('batch_not_served');
    const { method, params } = (body ?? {}) as Message;
    const operation = this.registry.operationOf(method, params);
    if (operation && missingScopes(principal?.scopes ?? [], operation.scopes).length > 0) {
      throw new ToolgateError('insufficient_scope', {
        scopes: operation.scopes,
        detail: `The ${operation.kind} ${operation.name} needs: ${operation.scopes.join(' ')}`,
      });
    }
    return true;
  }
}
