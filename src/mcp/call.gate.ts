import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { AuthenticatedRequest } from '../access/decorators.js';
import { callerOf, type Principal } from '../access/principal.js';
import type { Config } from '../config/config.js';
import { InjectConfig } from '../config/config.token.js';
import { Clock } from '../crypto/clock.js';
import { ToolgateError } from '../errors/toolgate-error.js';
import { reasonOf } from '../ops/audit/audit-event.js';
import { AuditTrail } from '../ops/audit/audit-trail.js';
import { CallLimits } from '../ops/call-limits.js';
import { type Operation, operationOf } from './operation.js';
import { Policies } from './policies/policy-set.js';
import { ToolRegistry } from './tool-registry.js';

type Request = FastifyRequest & AuthenticatedRequest;

/**
 * Decides about one MCP message, once, before anything is dispatched and on the very body that will be (spec R8, R9, R19):
 * no batch, every scope, the limits, the policies. Each decision about a call is recorded, whichever way it went; one that
 * cannot be recorded is not made.
 */
@Injectable()
export class CallGate implements CanActivate {
  constructor(
    private readonly registry: ToolRegistry,
    private readonly limits: CallLimits,
    private readonly policies: Policies,
    private readonly audit: AuditTrail,
    private readonly clock: Clock,
    @InjectConfig() private readonly config: Config,
  ) {}

  /** @throws ToolgateError `batch_not_served`, `insufficient_scope`, `rate_limited`, `policy_denied`, `unavailable` */
  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const request = context.switchToHttp().getRequest<Request>();
    const { body, principal } = request;
    if (!principal) throw new Error('CallGate stands behind authentication');
    // A batch could carry a second call past the check.
    if (Array.isArray(body)) {
      const refusal = new ToolgateError('batch_not_served');
      this.record(request, principal, undefined, refusal.code);
      throw refusal;
    }
    const operation = operationOf(body, this.registry);
    if (!operation) return true;
    // The protocol has its own words for a name that is unknown.
    const admit = () => {
      this.record(request, principal, operation, operation.found ? undefined : 'unknown_operation');
      return true;
    };
    const refuse = (error: unknown): never => {
      const reason = error instanceof ToolgateError ? reasonOf(error) : 'internal';
      this.record(request, principal, operation, reason);
      throw error;
    };
    let decided: Promise<void> | undefined;
    try {
      decided = this.decide(operation, principal);
    } catch (error) {
      return refuse(error);
    }
    // Most decisions are made by now. What cannot be recorded is not admitted, and not recorded twice.
    return decided ? decided.then(admit, refuse) : admit();
  }

  /** In this order: what costs nothing first, and policies, which may cost anything, within the limits alone. */
  private decide(operation: Operation, principal: Principal): Promise<void> | undefined {
    const { kind, name, scopes } = operation;
    if (this.config.scopes.missing(principal.scopes, scopes).length > 0) {
      throw new ToolgateError('insufficient_scope', {
        scopes,
        detail: `The ${kind} ${name} needs: ${scopes.join(' ')}`,
      });
    }
    const call = { principal, operation, arguments: operation.arguments, at: this.clock.now() };
    const taken = this.takeCalls(operation, callerOf(principal));
    return taken ? taken.then(() => this.policies.check(call)) : this.policies.check(call);
  }

  /** Of the caller's calls and of the tool's own. */
  private takeCalls({ kind, name, found }: Operation, subject: string): Promise<void> | undefined {
    const calls = this.config.MCP_CALL_LIMIT;
    const ofTool = () =>
      found?.rateLimit && this.limits.take({ name: `${kind} ${name}`, ...found.rateLimit }, subject);
    const taken = calls > 0 ? this.limits.take({ name: 'all', calls, seconds: 60 }, subject) : undefined;
    return taken ? taken.then(ofTool) : ofTool();
  }

  private record(
    request: Request,
    principal: Principal,
    operation: Operation | undefined,
    reason?: string,
  ): void {
    this.audit.record({
      event: 'mcp.call',
      outcome: reason === undefined ? 'allowed' : 'denied',
      reason,
      principal,
      operation,
      requestId: request.id,
      address: request.ip,
      ...(this.config.AUDIT_ARGUMENTS && operation && { arguments: operation.arguments }),
    });
  }
}
