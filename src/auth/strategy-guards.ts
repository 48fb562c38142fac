import { type ExecutionContext, Injectable } from '@nestjs/common';
import { AuthGuard, type IAuthModuleOptions } from '@nestjs/passport';
import type { Strategy } from 'passport';
import { AccessTokenStrategy } from './access-token.strategy.js';
import { ApiKeyStrategy } from './api-key.strategy.js';
import type { Credential } from '../access/credential.js';
import type { AuthenticatingRequest, Verified } from './verified.js';

/**
 * Passport keeps strategies by name for the whole process, so that of two applications in one process both would ask
 * the last one's. It also takes a strategy itself, and adds its actions to it: each request gets one of its own.
 */
const ownStrategy = (strategy: Strategy) =>
  ({
    get defaultStrategy() {
      return Object.create(strategy) as Strategy;
    },
  }) as unknown as IAuthModuleOptions;

/**
 * Passport gets a request made for it: the credential under the one header its strategy reads. So a key is the same
 * key in either header, and Passport's additions never touch Fastify's request.
 */
abstract class StrategyGuard extends AuthGuard() {
  protected abstract headersFor(credential: Credential): Record<string, string>;

  override getRequest(context: ExecutionContext) {
    const { credential } = context.switchToHttp().getRequest<AuthenticatingRequest>();
    if (!credential) throw new Error('a strategy was asked without a credential');
    return { headers: this.headersFor(credential) };
  }

  /** Keeps what the strategy found, or throws what it threw: a strategy here never answers "no" without a reason. */
  override handleRequest<User>(
    error: unknown,
    user: User | false,
    _info: unknown,
    context: ExecutionContext,
  ): User {
    if (error instanceof Error) throw error;
    if (!user) throw new Error('a strategy answered neither a principal nor an error');
    context.switchToHttp().getRequest<AuthenticatingRequest>().verified = user as unknown as Verified;
    return user;
  }
}

@Injectable()
export class AccessTokenGuard extends StrategyGuard {
  constructor(strategy: AccessTokenStrategy) {
    super(ownStrategy(strategy));
  }
  protected override headersFor({ value }: Credential) {
    return { authorization: `Bearer ${value}` };
  }
}

@Injectable()
export class ApiKeyGuard extends StrategyGuard {
  constructor(strategy: ApiKeyStrategy) {
    super(ownStrategy(strategy));
  }
  protected override headersFor({ value }: Credential) {
    return { 'x-api-key': value };
  }
}
