import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Config } from '../../config/config.js';
import { InjectConfig } from '../../config/config.token.js';
import { ToolgateError } from '../../errors/toolgate-error.js';
import { ApplicationProviders } from '../application-providers.js';
import { POLICY, type Policy, type PolicyCall, type PolicyDecision } from './policy.js';

interface NamedPolicy {
  readonly name: string;
  readonly policy: Policy;
}

const UNDECIDED = 'It could not be decided whether this call is allowed. Try again later.';

const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  typeof (value as Partial<PromiseLike<unknown>> | null | undefined)?.then === 'function';

/** Anything but a clear yes is a no. */
function clear(decided: unknown): PolicyDecision {
  const decision = decided as Partial<{ allow: unknown; reason: unknown }> | null | undefined;
  if (decision?.allow === true) return { allow: true };
  return { allow: false, reason: typeof decision?.reason === 'string' ? decision.reason : UNDECIDED };
}

/** Every `@CallPolicy` of every provider, found once at the start. */
@Injectable()
export class Policies implements OnModuleInit {
  private readonly log = new Logger(Policies.name);
  private readonly policies: NamedPolicy[] = [];

  constructor(
    private readonly providers: ApplicationProviders,
    private readonly reflector: Reflector,
    @InjectConfig() private readonly config: Config,
  ) {}

  onModuleInit(): void {
    const seen = new Set<unknown>();
    for (const provider of this.providers.all()) {
      const instance: unknown = provider.instance;
      if (typeof instance !== 'object' || instance === null || seen.has(instance)) continue;
      seen.add(instance);
      const name = this.reflector.get<string | undefined>(POLICY, instance.constructor as never);
      if (name === undefined) continue;
      if (!provider.isDependencyTreeStatic() || typeof (instance as Partial<Policy>).decide !== 'function')
        throw new Error(`the policy ${name} must be a singleton with a method decide()`);
      this.policies.push({ name, policy: instance as Policy });
    }
  }

  /**
   * All at once, within one time; undefined when all have allowed it already.
   *
   * @throws ToolgateError `policy_denied` unless every one allows.
   */
  check(call: PolicyCall): Promise<void> | undefined {
    const asked = this.policies.map(({ name, policy }) => this.ask(name, policy, call));
    if (asked.some((decision) => decision instanceof Promise)) return this.requireAllInTime(asked);
    this.requireAll(asked as PolicyDecision[]);
    return undefined;
  }

  private async requireAllInTime(
    asked: readonly (PolicyDecision | Promise<PolicyDecision>)[],
  ): Promise<void> {
    this.requireAll(await this.withinTime(asked));
  }

  private requireAll(decisions: readonly PolicyDecision[]): void {
    for (const [index, decision] of decisions.entries()) {
      if (decision.allow) continue;
      throw new ToolgateError('policy_denied', {
        detail: decision.reason,
        reason: `policy ${this.policies[index]?.name ?? ''}`,
      });
    }
  }

  private ask(name: string, policy: Policy, call: PolicyCall): PolicyDecision | Promise<PolicyDecision> {
    try {
      const decision: unknown = policy.decide(call);
      if (!isThenable(decision)) return clear(decision);
      return Promise.resolve(decision).then(clear, (error: unknown) => this.failed(name, error));
    } catch (error) {
      return this.failed(name, error);
    }
  }

  private failed(name: string, error: unknown): PolicyDecision {
    // The stack alone: the rest of an error may hold the caller's own words.
    this.log.error(`policy ${name} failed: ${error instanceof Error ? (error.stack ?? '') : typeof error}`);
    return { allow: false, reason: UNDECIDED };
  }

  private async withinTime(
    asked: readonly (PolicyDecision | Promise<PolicyDecision>)[],
  ): Promise<PolicyDecision[]> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<PolicyDecision>((resolve) => {
      timer = setTimeout(() => {
        resolve({ allow: false, reason: UNDECIDED });
      }, this.config.POLICY_TIMEOUT_MS);
    });
    try {
      return await Promise.all(asked.map((decision) => Promise.race([decision, late])));
    } finally {
      clearTimeout(timer);
    }
  }
}
