import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { AUDITED, type AuthenticatedRequest, PUBLIC, REQUIRED_SCOPES } from '../access/decorators.js';
import type { Principal } from '../access/principal.js';
import type { Scope } from '../access/scopes.js';
import type { Config } from '../config/config.js';
import { InjectConfig } from '../config/config.token.js';
import { ToolgateError } from '../errors/toolgate-error.js';
import { PerRoute } from './per-route.js';
import { requireHttp } from './require-http.js';
import type { AuditedEvent } from '../ops/audit/audit-event.js';
import { AuditTrail } from '../ops/audit/audit-trail.js';

interface Rules {
  readonly needed: readonly Scope[];
  readonly open: boolean;
  /** What the route leaves in the audit trail. */
  readonly event: AuditedEvent | undefined;
}

/** Global: every scope that the class and the method require must be held. They add up, none overrides. */
@Injectable()
export class ScopeGuard implements CanActivate {
  private readonly rules: PerRoute<Rules>;

  constructor(
    reflector: Reflector,
    private readonly audit: AuditTrail,
    @InjectConfig() private readonly config: Config,
  ) {
    this.rules = new PerRoute((targets) => ({
      needed: reflector
        .getAll<(Scope[] | undefined)[]>(REQUIRED_SCOPES, targets)
        .flatMap((scopes) => scopes ?? []),
      open: reflector.getAllAndOverride<boolean | undefined>(PUBLIC, targets) === true,
      event: reflector.get<AuditedEvent | undefined>(AUDITED, targets[0]),
    }));
  }

  /** @throws ToolgateError `insufficient_scope` naming all the scopes needed, not just the missing ones (spec R9). */
  canActivate(context: ExecutionContext): boolean {
    const { needed, open, event } = this.rules.of(context);
    if (needed.length === 0) return true;
    requireHttp(context);
    const request = context.switchToHttp().getRequest<FastifyRequest & AuthenticatedRequest>();
    const { principal } = request;
    if (!principal) {
      throw open
        ? new Error('@Public() and @RequireScope() contradict each other')
        : new ToolgateError('missing_credential');
    }
    if (this.config.scopes.missing(principal.scopes, needed).length > 0) {
      if (event !== undefined) this.noteRefusal(event, principal, request);
      throw new ToolgateError('insufficient_scope', { scopes: needed });
    }
    return true;
  }

  /** Somebody known reached for what is not theirs. */
  private noteRefusal(event: AuditedEvent, principal: Principal, { id, ip }: FastifyRequest): void {
    const [outcome, reason] = ['denied', 'insufficient_scope'] as const;
    this.audit.note({ event, outcome, reason, principal, requestId: id, address: ip });
  }
}
