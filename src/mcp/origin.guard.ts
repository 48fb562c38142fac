import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { originAllowed } from '../access/origins.js';
import type { Config } from '../config/config.js';
import { InjectConfig } from '../config/config.token.js';
import { ToolgateError } from '../errors/toolgate-error.js';

/** Against DNS rebinding: a browser names the page it acts for, and only known pages may call (spec R15). */
@Injectable()
export class OriginGuard implements CanActivate {
  private readonly allowed: ReadonlySet<string>;

  constructor(@InjectConfig() private readonly config: Config) {
    this.allowed = new Set(config.ALLOWED_ORIGINS);
  }

  /** @throws ToolgateError `origin_not_allowed` */
  canActivate(context: ExecutionContext): boolean {
    const { origin } = context.switchToHttp().getRequest<FastifyRequest>().headers;
    if (originAllowed(origin, this.config.issuer, this.allowed)) return true;
    throw new ToolgateError('origin_not_allowed');
  }
}
