import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { type AuthenticatedRequest, PUBLIC } from '../access/decorators.js';
import { ToolgateError } from '../errors/toolgate-error.js';
import { addressAllowed } from '../access/cidr.js';
import { KeysService } from '../keys/keys.service.js';
import { Revocations } from '../tokens/revocations.js';
import { credentialOf } from '../access/credential.js';
import { AccessTokenGuard, ApiKeyGuard } from './strategy-guards.js';
import type { AuthenticatingRequest } from './verified.js';
import { VerifiedCache } from './verified-cache.js';

type Request = FastifyRequest & AuthenticatingRequest & AuthenticatedRequest;

/** Global and closed by default: a route that is not `@Public()` needs a valid credential. Leaves `request.principal`. */
@Injectable()
export class AuthenticationGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly cache: VerifiedCache,
    private readonly revocations: Revocations,
    private readonly keys: KeysService,
    private readonly accessToken: AccessTokenGuard,
    private readonly apiKey: ApiKeyGuard,
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
    const request = context.switchToHttp().getRequest<Request>();
    const credential = credentialOf(request.headers);
    if (!credential) throw new ToolgateError('missing_credential');
    this.revocations.requireFresh();

    const name = `${credential.kind} ${credential.value}`;
    const cached = this.cache.get(name);
    if (cached) request.verified = cached;
    else {
      const mark = this.revocations.mark();
      request.credential = credential;
      await (credential.kind === 'api_key' ? this.apiKey : this.accessToken).canActivate(context);
      if (request.verified) this.cache.set(name, request.verified, mark);
    }

    const { verified } = request;
    if (!verified) throw new Error('authentication ended without a principal');
    if (!addressAllowed(verified.allowedCidrs, request.ip)) throw new ToolgateError('address_not_allowed');
    if (verified.principal.kind === 'api_key') this.keys.recordUse(verified.principal.keyId);
    request.principal = verified.principal;
    return true;
  }
}
