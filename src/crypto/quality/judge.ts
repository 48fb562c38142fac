import { deserialize } from 'node:v8';
import { type Options, ZxcvbnFactory } from '@zxcvbn-ts/core';
import type { Dictionaries, Unpacked } from './dictionaries.js';
import { ranksOf } from './packed-words.js';

/** zxcvbn's scale is 0 to 4; 3 withstands an offline attack on a slow hash. */
const NEEDED_SCORE = 3;
/** The estimate grows with the square of the length; what follows can only make a password stronger. */
const LOOKED_AT = 32;

/** What is wrong with a password, for people; undefined: nothing. */
export type Advice = readonly string[] | undefined;

/** zxcvbn that looks words up in the packed lists. It has no way to be given those, so they are put where it keeps its own. */
export function packedZxcvbn({ packed, rest }: Dictionaries): ZxcvbnFactory {
  const { options, longest } = deserialize(rest) as Unpacked;
  const zxcvbn = new ZxcvbnFactory(options);
  const { options: its } = zxcvbn as unknown as { options: Options };
  Object.assign(its.rankedDictionaries, ranksOf(packed));
  Object.assign(its.rankedDictionariesMaxWordSize, longest);
  return zxcvbn;
}

/** @param known what an attacker would try first: the person's name and address. */
export function judge(zxcvbn: ZxcvbnFactory, password: string, known: readonly string[]): Advice {
  const { score, feedback } = zxcvbn.check(password.slice(0, LOOKED_AT), [...known, 'toolgate']);
  if (score >= NEEDED_SCORE) return undefined;
  const advice = [feedback.warning, ...feedback.suggestions].filter((line): line is string => Boolean(line));
  return advice.length > 0 ? advice : ['Use four or more uncommon words.'];
}
