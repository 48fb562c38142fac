import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { Config } from '../config/config.js';
import { InjectConfig } from '../config/config.token.js';
import { ToolgateError } from '../errors/toolgate-error.js';

const LOOPBACK = /^https?:\/\/(?:localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?(?:\/|$)/;
const isLoopback = (url: string): boolean => LOOPBACK.test(url);

/** Against DNS rebinding: a browser names the page it acts for, and only known pages may call (spec R15). */
@Injectable()
export class OriginGuard implements CanActivate {
  private readonly allowed: ReadonlySet<string>;
  private readonly local: boolean;

  constructor(@InjectConfig() config: Config) {
    this.allowed = new Set([new URL(config.issuer).origin, ...config.ALLOWED_ORIGINS]);
    this.local = isLoopback(config.issuer);
  }

  /** @throws ToolgateError `origin_not_allowed` */
  canActivate(context: ExecutionContext): boolean {
    const { origin } = context.switchToHttp().getRequest<FastifyRequest>().headers;
    if (origin === undefined || this.allowed.has(origin)) return true;
    // A page of this very computer, such as MCP Inspector; a rebound name is never one of these.
    if (this.local && isLoopback(origin)) return true;
    throw new ToolgateError('origin_not_allowed');
  }
}
