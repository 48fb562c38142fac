import { type CanActivate, type ExecutionContext, HttpException, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { errorContext } from '../app.js';
import { AuthenticationGuard } from '../auth/authentication.guard.js';
import { AuditTrail } from '../ops/audit/audit-trail.js';
import { ResourceAuthentication } from '../auth/resource-authentication.js';
import { ScopeGuard } from '../auth/scope.guard.js';
import { AccessTokenGuard, ApiKeyGuard } from '../auth/strategy-guards.js';
import { challenge } from '../errors/challenge.js';
import type { ChallengeContext } from '../errors/challenge.js';
import { toToolgateError } from '../errors/from-unknown.js';
import { problemOf } from '../errors/problem.js';
import { ToolgateError } from '../errors/toolgate-error.js';
import { MountedService } from './mounted-service.js';

/**
 * The guards of the service for routes of the application: closed unless `@Public()`, with the scopes of `@RequireScope`.
 * A refusal is an HttpException, so that the application's own filters render it; the challenge is in the answer's headers.
 */
@Injectable()
export class ToolgateGuard implements CanActivate {
  private readonly authentication: AuthenticationGuard;
  private readonly scopes: ScopeGuard;
  private readonly context: ChallengeContext & { readonly issuer: string };

  constructor({ app, config }: MountedService) {
    const reflector = new Reflector();
    this.authentication = new AuthenticationGuard(
      reflector,
      app.get(ResourceAuthentication),
      app.get(AccessTokenGuard),
      app.get(ApiKeyGuard),
      config,
    );
    this.scopes = new ScopeGuard(reflector, app.get(AuditTrail), config);
    this.context = errorContext(app, config);
  }

  async canActivate(context: ExecutionContext): Promise<boolean> {
    if (context.getType() !== 'http')
      throw new Error('ToolgateGuard guards HTTP routes; use ToolgateCredentials elsewhere');
    try {
      return (await this.authentication.canActivate(context)) && this.scopes.canActivate(context);
    } catch (thrown) {
      throw this.refusal(toToolgateError(thrown), context);
    }
  }

  private refusal(error: ToolgateError, context: ExecutionContext): HttpException {
    const http = context.switchToHttp();
    const { id } = http.getRequest<FastifyRequest>();
    const problem = problemOf(error, this.context.issuer, id);
    const wwwAuthenticate = challenge(error, problem.detail, this.context);
    void http.getResponse<FastifyReply>().headers({
      'Cache-Control': 'no-store',
      ...(wwwAuthenticate === undefined ? {} : { 'WWW-Authenticate': wwwAuthenticate }),
      ...error.options.headers,
    });
    return new HttpException(problem, error.status, { cause: error });
  }
}
