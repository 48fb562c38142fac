import type { CanActivate, ExecutionContext } from '@nestjs/common';
import type { IncomingMessage } from 'node:http';
import { PUBLIC, REQUIRED_SCOPES } from '../access/decorators.js';
import type { Principal } from '../access/principal.js';
import type { ScopeRules } from '../access/scope-rules.js';
import type { Scope } from '../access/scopes.js';
import { ToolgateError } from '../errors/toolgate-error.js';
import { Admission, type AdmissionOptions } from '../guard/admission.js';
import { type AdmittedRequest, admit } from '../guard/auth-info.js';
import type { ResourceGuard } from '../guard/resource-guard.js';
import { scopesForMessage } from '../guard/tool-scopes.js';
import { requestOfTool } from './request-of-tool.js';
import { scopedTools, spelledOut } from './scoped-tools.js';

/** A request of Express or Fastify. */
type NestRequest = IncomingMessage &
  AdmittedRequest & {
    readonly ip?: string;
    readonly body?: unknown;
    readonly raw?: IncomingMessage & AdmittedRequest & { user?: unknown };
    user?: unknown;
  };

const of = (key: string, context: ExecutionContext): unknown[] =>
  [context.getHandler(), context.getClass()].map((target) => Reflect.getMetadata(key, target) as unknown);

/** Global and closed by default: a route that is not `@Public()` needs a valid credential and the scopes it names. */
export class ToolgateGuard implements CanActivate {
  private readonly admission: Admission;

  constructor(
    private readonly guard: ResourceGuard,
    options: AdmissionOptions,
    private readonly rules: ScopeRules,
  ) {
    this.admission = new Admission(guard, options);
  }

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const needed = of(REQUIRED_SCOPES, context).flatMap((scopes) => (scopes ?? []) as Scope[]);
    // A tool of a microservice: its HTTP request was admitted before, or was never seen by this guard.
    if (context.getType<string>() !== 'http') return this.mayCall(requestOfTool(context)?.principal, needed);
    if (of(PUBLIC, context).includes(true)) {
      if (needed.length > 0) throw new Error('@Public() and @RequireScope() contradict each other');
      return true;
    }
    const request = context.switchToHttp().getRequest<NestRequest>();
    const address = request.ip ?? request.socket.remoteAddress ?? '';
    const { rawHeaders } = request.raw ?? request;
    const principal = await this.admission.caller({ headers: request.headers, rawHeaders, address });
    this.guard.requireScopes(principal, needed);
    this.message(principal, request.body);
    const user = { ...principal, scope: spelledOut(principal.scopes, this.rules) };
    // Of Fastify, @rekog/mcp-nest and the transports of the SDK see Node's own request.
    for (const seen of [request, request.raw ?? request]) {
      admit(seen, principal);
      seen.user = user;
    }
    return true;
  }

  private message(principal: Principal, body: unknown): void {
    this.admission.message(principal, body);
    const tools = scopedTools();
    // Other routes of the application may take arrays.
    if (Object.keys(tools).length === 0 || !isMessage(body)) return;
    const { scopes, detail } = scopesForMessage(body, { '*': [], ...tools });
    if (scopes.length > 0) this.guard.requireScopes(principal, scopes, detail);
  }

  private mayCall(principal: Principal | undefined, needed: readonly Scope[]): boolean {
    if (!principal) throw new ToolgateError('missing_credential');
    this.guard.requireScopes(principal, needed);
    return true;
  }
}

const isMessage = (body: unknown): boolean =>
  [body].flat().some((one) => typeof one === 'object' && one !== null && 'jsonrpc' in one);
