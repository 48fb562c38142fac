import {
  applyDecorators,
  type CallHandler,
  type ExecutionContext,
  Injectable,
  type NestInterceptor,
  SetMetadata,
  UseInterceptors,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { from, lastValueFrom, type Observable } from 'rxjs';
import { AUDITED } from '../../access/decorators.js';
import type { AuditedEvent } from './audit-event.js';
import { type AuditedRequest, AuditedWork } from './audited-work.js';

/** A route that changes who may do what: it leaves a record, however it ends. */
export const Audited = (event: AuditedEvent) =>
  applyDecorators(SetMetadata(AUDITED, event), UseInterceptors(AuditInterceptor));

@Injectable()
export class AuditInterceptor implements NestInterceptor {
  constructor(
    private readonly reflector: Reflector,
    private readonly audited: AuditedWork,
  ) {}

  /** @throws ToolgateError `unavailable` */
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const event = this.reflector.get<AuditedEvent>(AUDITED, context.getHandler());
    const request = context.switchToHttp().getRequest<AuditedRequest>();
    const work = (): Promise<unknown> => lastValueFrom(next.handle(), { defaultValue: undefined });
    return from(this.audited.run(event, request, work));
  }
}
