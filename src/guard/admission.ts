import { requireShallow } from '../access/nesting.js';
import { originAllowed } from '../access/origins.js';
import type { Principal } from '../access/principal.js';
import { ToolgateError } from '../errors/toolgate-error.js';
import type { GuardedRequest, ResourceGuard } from './resource-guard.js';
import { scopesForMessage, type ToolScopes } from './tool-scopes.js';

/** What every adapter takes. */
export interface AdmissionOptions {
  /** Per tool. Without it every valid credential may call every tool. */
  readonly tools?: ToolScopes;
  /** Pages, besides those of the resource's own origin, that may call (spec R15). */
  readonly allowedOrigins?: readonly string[];
}

/** The checks of an adapter in the order of the service: who, from which page, and which tool. */
export class Admission {
  private readonly origins: ReadonlySet<string>;

  constructor(
    private readonly guard: ResourceGuard,
    private readonly options: AdmissionOptions,
  ) {
    this.origins = new Set(options.allowedOrigins);
  }

  get looksAtBodies(): boolean {
    return this.options.tools !== undefined;
  }

  /** @throws ToolgateError what {@link ResourceGuard.authenticate} throws; `origin_not_allowed` */
  async caller(request: GuardedRequest): Promise<Principal> {
    const principal = await this.guard.authenticate(request);
    if (!originAllowed(request.headers.origin, this.guard.resource, this.origins))
      throw new ToolgateError('origin_not_allowed');
    return principal;
  }

  /** @throws ToolgateError `malformed_request`, `insufficient_scope`, and what {@link scopesForMessage} throws. */
  message(principal: Principal, body: unknown): void {
    const { tools } = this.options;
    if (!tools) return;
    requireShallow(body);
    const { scopes, detail } = scopesForMessage(body, tools);
    this.guard.requireScopes(principal, scopes, detail);
  }
}
