import { ToolgateError } from '../errors/toolgate-error.js';

/** Levels of objects and arrays. Nothing that a client has to say needs as many. */
export const DEEPEST = 200;

/**
 * Whether JSON that was read is nested deeper than {@link DEEPEST}: then what reads it by recursion, as validators and
 * serialisers do, may overflow the stack. This does not.
 */
export function tooDeep(value: unknown): boolean {
  let level = [value].filter(isNest);
  for (let depth = 1; level.length > 0; depth += 1) {
    if (depth > DEEPEST) return true;
    const next: object[] = [];
    for (const nest of level)
      for (const member of Object.values(nest) as unknown[]) if (isNest(member)) next.push(member);
    level = next;
  }
  return false;
}

const isNest = (value: unknown): value is object => typeof value === 'object' && value !== null;

/** @throws ToolgateError `malformed_request` for JSON that is {@link tooDeep} */
export function requireShallow(value: unknown): void {
  if (tooDeep(value))
    throw new ToolgateError('malformed_request', { detail: 'The body is nested too deeply.' });
}

/** The same of a text of JSON and what it says: each level takes two characters of it, so that a short one is not walked. */
export const textTooDeep = (text: string, value: unknown): boolean =>
  text.length > 2 * DEEPEST && tooDeep(value);
