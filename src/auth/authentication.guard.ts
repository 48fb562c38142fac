import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { type Credential, requireOneAuthorization, requirePresented } from '../access/credential.js';
import { type AuthenticatedRequest, PUBLIC } from '../access/decorators.js';
import type { Config } from '../config/config.js';
import { InjectConfig } from '../config/config.token.js';
import { PerRoute } from './per-route.js';
import { ResourceAuthentication } from './resource-authentication.js';
import { AccessTokenGuard, ApiKeyGuard } from './strategy-guards.js';
import { requireHttp } from './require-http.js';
import type { AuthenticatingRequest, Verified } from './verified.js';

type Request = FastifyRequest & AuthenticatingRequest & AuthenticatedRequest;

/** Global and closed by default: a route that is not `@Public()` needs a valid credential. Leaves `request.principal`. */
@Injectable()
export class AuthenticationGuard implements CanActivate {
  private readonly open: PerRoute<boolean>;

  constructor(
    reflector: Reflector,
    private readonly authentication: ResourceAuthentication,
    private readonly accessToken: AccessTokenGuard,
    private readonly apiKey: ApiKeyGuard,
    @InjectConfig() private readonly config: Config,
  ) {
    this.open = new PerRoute(
      (targets) => reflector.getAllAndOverride<boolean | undefined>(PUBLIC, targets) === true,
    );
  }

  /** @throws ToolgateError a 401 that says which credential is wrong and how; `address_not_allowed` */
  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    if (this.open.of(context)) return true;
    requireHttp(context);
    const request = context.switchToHttp().getRequest<Request>();
    requireOneAuthorization(request.raw.rawHeaders);
    const credential = requirePresented(request.headers);
    const known = this.authentication.known(this.config.resource, credential, request);
    if (!known) return this.verify(credential, request, context);
    request.principal = known.principal;
    return true;
  }

  private async verify(
    credential: Credential,
    request: Request,
    context: ExecutionContext,
  ): Promise<boolean> {
    const { principal } = await this.authentication.verify(
      this.config.resource,
      credential,
      request,
      async () => this.byPassport(credential, request, context),
    );
    request.principal = principal;
    return true;
  }

  private async byPassport(
    credential: Credential,
    request: Request,
    context: ExecutionContext,
  ): Promise<Verified> {
    request.credential = credential;
    await (credential.kind === 'api_key' ? this.apiKey : this.accessToken).canActivate(context);
    if (!request.verified) throw new Error('authentication ended without a principal');
    return request.verified;
  }
}
