import type { ZxcvbnFactory } from '@zxcvbn-ts/core';
import { ToolgateError } from '../errors/toolgate-error.js';

/** zxcvbn's scale is 0 to 4; 3 withstands an offline attack on a slow hash. */
const NEEDED_SCORE = 3;
/** The estimate grows with the square of the length; what follows can only make a password stronger. */
const LOOKED_AT = 32;

let estimator: Promise<ZxcvbnFactory> | undefined;

/** Of 88,000 family names, the rarer ones are in no list that a guesser begins with, and take a third of the memory of all words. */
const FAMILY_NAMES = 10_000;

/** The dictionaries take 12 MB and a tenth of a second of the start, so they are loaded at the first registration. */
async function load(): Promise<ZxcvbnFactory> {
  const [core, common, english] = await Promise.all([
    import('@zxcvbn-ts/core'),
    import('@zxcvbn-ts/language-common'),
    import('@zxcvbn-ts/language-en'),
  ]);
  const { 'lastnames-en': familyNames, ...words } = english.dictionary;
  return new core.ZxcvbnFactory({
    translations: english.translations,
    graphs: common.adjacencyGraphs,
    dictionary: { ...common.dictionary, ...words, 'lastnames-en': familyNames.slice(0, FAMILY_NAMES) },
    // Each further reading of p@$$w0rd multiplies the work, which runs on the event loop.
    l33tMaxSubstitutions: 8,
  });
}

/**
 * Refuses a password that is short to guess or known from breaches.
 *
 * @param known what an attacker would try first: the person's name and address.
 * @throws ToolgateError `weak_password` with `advice`.
 */
export async function requireStrongPassword(password: string, known: readonly string[]): Promise<void> {
  const zxcvbn = await (estimator ??= load());
  const { score, feedback } = zxcvbn.check(password.slice(0, LOOKED_AT), [...known, 'toolgate']);
  if (score >= NEEDED_SCORE) return;
  const advice = [feedback.warning, ...feedback.suggestions].filter((line): line is string => Boolean(line));
  throw new ToolgateError('weak_password', {
    members: { advice: advice.length > 0 ? advice : ['Use four or more uncommon words.'] },
  });
}
