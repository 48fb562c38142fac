import type { ExecutionContext } from '@nestjs/common';

type Target = ReturnType<ExecutionContext['getHandler']> | ReturnType<ExecutionContext['getClass']>;

/** What the decorators of a route say. They never change, and guards ask with every request: each route is read once. */
export class PerRoute<Rules> {
  private readonly known = new WeakMap<Target, WeakMap<Target, Rules>>();

  constructor(private readonly read: (targets: [method: Target, controller: Target]) => Rules) {}

  of(context: ExecutionContext): Rules {
    const [method, controller] = [context.getHandler(), context.getClass()];
    let ofMethod = this.known.get(method);
    if (!ofMethod) this.known.set(method, (ofMethod = new WeakMap()));
    let rules = ofMethod.get(controller);
    if (rules === undefined) ofMethod.set(controller, (rules = this.read([method, controller])));
    return rules;
  }
}
