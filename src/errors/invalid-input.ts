import type { StandardSchemaV1 } from '@standard-schema/spec';
import { ToolgateError } from './toolgate-error.js';

const MOST_SHOWN = 20;

/** RFC 6901: `/` between the steps, `~` and `/` escaped. */
function pointer(path: StandardSchemaV1.Issue['path']): string {
  const steps = (path ?? []).map((step) => String(typeof step === 'object' ? step.key : step));
  return steps.map((step) => `/${step.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

/** Zod's own sentence about a type speaks of its parser; ours of the field. */
function plain(message: string): string {
  const [, expected, received] = /^Invalid input: expected (\w+), received (\w+)$/.exec(message) ?? [];
  if (expected === undefined) return message;
  return received === 'undefined' ? 'is missing' : `must be of type ${expected}`;
}

/** A refused body as one error that names every bad field, by JSON pointer and never by value. */
export function invalidInput(issues: readonly StandardSchemaV1.Issue[]): ToolgateError {
  const errors = issues
    .slice(0, MOST_SHOWN)
    .map((issue) => ({ pointer: pointer(issue.path), detail: plain(issue.message) }));
  return new ToolgateError('invalid_input', { members: { errors } });
}
