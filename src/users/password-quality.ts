import { ZxcvbnFactory } from '@zxcvbn-ts/core';
import { adjacencyGraphs, dictionary as common } from '@zxcvbn-ts/language-common';
import { dictionary as english, translations } from '@zxcvbn-ts/language-en';
import { ToolgateError } from '../errors/toolgate-error.js';

/** zxcvbn's scale is 0 to 4; 3 withstands an offline attack on a slow hash. */
const NEEDED_SCORE = 3;
/** The estimate grows with the square of the length; what follows can only make a password stronger. */
const LOOKED_AT = 32;

let estimator: ZxcvbnFactory | undefined;

/** Dictionaries are large, so they are read at the first registration. */
function zxcvbn(): ZxcvbnFactory {
  estimator ??= new ZxcvbnFactory({
    translations,
    graphs: adjacencyGraphs,
    dictionary: { ...common, ...english },
    // Each further reading of p@$$w0rd multiplies the work, which runs on the event loop.
    l33tMaxSubstitutions: 8,
  });
  return estimator;
}

/**
 * Refuses a password that is short to guess or known from breaches.
 *
 * @param known what an attacker would try first: the person's name and address.
 * @throws ToolgateError `weak_password` with `advice`.
 */
export function requireStrongPassword(password: string, known: readonly string[]): void {
  const { score, feedback } = zxcvbn().check(password.slice(0, LOOKED_AT), [...known, 'toolgate']);
  if (score >= NEEDED_SCORE) return;
  const advice = [feedback.warning, ...feedback.suggestions].filter((line): line is string => Boolean(line));
  throw new ToolgateError('weak_password', {
    members: { advice: advice.length > 0 ? advice : ['Use four or more uncommon words.'] },
  });
}
