import { type ExecutionContext, Injectable } from '@nestjs/common';
import { AuthGuard } from '@nestjs/passport';
import type { AuthenticatingRequest, Verified } from './verified.js';

const requestOf = (context: ExecutionContext) => context.switchToHttp().getRequest<AuthenticatingRequest>();

/** Keeps what the strategy found, or throws what it threw: a strategy here never answers "no" without a reason. */
function keep<User>(error: unknown, user: User | false, context: ExecutionContext): User {
  if (error instanceof Error) throw error;
  if (!user) throw new Error('a strategy answered neither a principal nor an error');
  requestOf(context).verified = user as unknown as Verified;
  return user;
}

/*
 * Passport gets a request made for it: the credential under the one header its strategy reads. So a key is the same
 * key in either header, and Passport's additions never touch Fastify's request.
 */
@Injectable()
export class AccessTokenGuard extends AuthGuard('access-token') {
  override getRequest(context: ExecutionContext) {
    return { headers: { authorization: `Bearer ${requestOf(context).credential?.value ?? ''}` } };
  }
  override handleRequest<User>(
    error: unknown,
    user: User | false,
    _info: unknown,
    context: ExecutionContext,
  ): User {
    return keep(error, user, context);
  }
}

@Injectable()
export class ApiKeyGuard extends AuthGuard('api-key') {
  override getRequest(context: ExecutionContext) {
    return { headers: { 'x-api-key': requestOf(context).credential?.value ?? '' } };
  }
  override handleRequest<User>(
    error: unknown,
    user: User | false,
    _info: unknown,
    context: ExecutionContext,
  ): User {
    return keep(error, user, context);
  }
}
