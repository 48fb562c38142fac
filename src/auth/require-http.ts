import type { ExecutionContext } from '@nestjs/common';
import { ToolgateError } from '../errors/toolgate-error.js';

/**
 * Of a message, Nest hands out its data as the request: a sender could then say what headers it had, or who it is.
 *
 * @throws ToolgateError `not_allowed` for anything but an HTTP request.
 */
export function requireHttp(context: ExecutionContext): void {
  if (context.getType<string>() === 'http') return;
  const { name } = context.getHandler();
  throw new ToolgateError('not_allowed', {
    reason: `${context.getClass().name}.${name} takes messages and is not @Public()`,
    detail: 'This is not open to messages.',
  });
}
