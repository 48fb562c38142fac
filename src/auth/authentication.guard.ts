import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { type Credential, requireOneAuthorization } from '../access/credential.js';
import { type AuthenticatedRequest, PUBLIC } from '../access/decorators.js';
import type { Config } from '../config/config.js';
import { InjectConfig } from '../config/config.token.js';
import { ResourceAuthentication } from './resource-authentication.js';
import { AccessTokenGuard, ApiKeyGuard } from './strategy-guards.js';
import { requireHttp } from './require-http.js';
import type { AuthenticatingRequest, Verified } from './verified.js';

type Request = FastifyRequest & AuthenticatingRequest & AuthenticatedRequest;

/** Global and closed by default: a route that is not `@Public()` needs a valid credential. Leaves `request.principal`. */
@Injectable()
export class AuthenticationGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly authentication: ResourceAuthentication,
    private readonly accessToken: AccessTokenGuard,
    private readonly apiKey: ApiKeyGuard,
    @InjectConfig() private readonly config: Config,
  ) {}

  /** @throws ToolgateError a 401 that says which credential is wrong and how; `address_not_allowed` */
  async canActivate(context: ExecutionContext): Promise<boolean> {
    if (
      this.reflector.getAllAndOverride<boolean | undefined>(PUBLIC, [
        context.getHandler(),
        context.getClass(),
      ])
    )
      return true;
    requireHttp(context);
    const request = context.switchToHttp().getRequest<Request>();
    requireOneAuthorization(request.raw.rawHeaders);
    request.principal = await this.authentication.authenticate(
      this.config.resource,
      request,
      async (credential) => this.byPassport(credential, request, context),
    );
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
