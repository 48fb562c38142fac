import { CLOSED_NOW } from '../../config/write-hours.js';
import { callerOf } from '../../access/principal.js';
import { ToolgateError } from '../../errors/toolgate-error.js';
import { reasonOf } from '../../ops/audit/audit-event.js';
import type { Authorization } from './authorize.js';
import type { CallKeeping, CallOrigin } from './call-keeping.js';
import type { Message } from './message.js';
import { type Operation, operationOf } from './operation.js';
import { RpcError } from './rpc-error.js';

const METHOD_NOT_FOUND = -32601;

/**
 * Decides about one message before anything of it goes on, and records the decision, as the service does before its own
 * tools: scopes, which cost nothing, then the limit, then the hours; a decision that cannot be recorded is not made.
 */
export class CallGate {
  constructor(
    private readonly authorization: Authorization,
    private readonly keeping: CallKeeping,
  ) {}

  /** @throws ToolgateError `insufficient_scope`, `not_allowed`, `rate_limited`, `policy_denied`, `unavailable`; RpcError for what is closed */
  async admit(message: Message, origin: CallOrigin): Promise<void> {
    const operation = operationOf(message);
    try {
      await this.authorization.require(message, origin.principal);
      if (operation) await this.count(origin);
      if (operation) this.requireHours(operation);
    } catch (error) {
      const reason = refusalOf(error);
      if (reason !== undefined) this.record(origin, operation ?? asMethod(message), message, reason);
      throw error;
    }
    if (operation) this.record(origin, operation, message);
  }

  /** A batch could carry a second call past the check; that one was tried is worth knowing. */
  refusedBatch(origin: CallOrigin): void {
    this.record(origin, undefined, undefined, 'batch_not_served');
  }

  private async count({ principal }: CallOrigin): Promise<void> {
    const calls = this.keeping.callsPerMinute;
    if (calls > 0) await this.keeping.take({ name: 'all', calls, seconds: 60 }, callerOf(principal));
  }

  private requireHours(operation: Operation): void {
    if (this.authorization.onlyReads(operation) || this.keeping.mayWriteAt(new Date())) return;
    throw new ToolgateError('policy_denied', { detail: CLOSED_NOW, reason: 'policy write-hours' });
  }

  private record(
    { principal, requestId, address }: CallOrigin,
    operation: Operation | undefined,
    message: Message | undefined,
    reason?: string,
  ): void {
    this.keeping.record({
      event: 'mcp.call',
      outcome: reason === undefined ? 'allowed' : 'denied',
      reason,
      principal,
      operation,
      requestId,
      address,
      ...(this.keeping.withArguments && message && { arguments: message.params['arguments'] }),
    });
  }
}

const asMethod = ({ method }: Message): Operation => ({ kind: 'method', name: method });

/** Undefined for what is malformed: it asks for nothing that could be named. */
function refusalOf(error: unknown): string | undefined {
  if (error instanceof RpcError) return error.code === METHOD_NOT_FOUND ? 'method_closed' : undefined;
  return error instanceof ToolgateError ? reasonOf(error) : 'internal';
}
