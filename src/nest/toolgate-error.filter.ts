import { type ArgumentsHost, Catch, type ExceptionFilter } from '@nestjs/common';
import type { ServerResponse } from 'node:http';
import { ToolgateError } from '../errors/toolgate-error.js';
import type { ResourceGuard } from '../guard/resource-guard.js';
import { writeNestAnswer } from './write-answer.js';

/** Renders what the guard throws, and nothing else: the application's own errors stay its own. */
@Catch(ToolgateError)
export class ToolgateErrorFilter implements ExceptionFilter<ToolgateError> {
  constructor(private readonly guard: ResourceGuard) {}

  catch(error: ToolgateError, host: ArgumentsHost): void {
    if (host.getType<string>() !== 'http') throw error;
    writeNestAnswer(host.switchToHttp().getResponse<ServerResponse>(), this.guard.answerFor(error));
  }
}
