import { serialize } from 'node:v8';
import type { OptionsDictionary, OptionsType } from '@zxcvbn-ts/core';
import { type PackedWords, packWords } from './packed-words.js';

/** Of 88,000 family names, the rarer ones are in no list that a guesser begins with. */
const FAMILY_NAMES = 10_000;
/** A list of fewer words is not worth packing. */
const MANY = 1000;

/** What zxcvbn knows, in memory that threads share: it is handed over with every password, so there must be little to copy. */
export interface Dictionaries {
  readonly packed: PackedWords;
  /** `Unpacked`, as node:v8 serializes it. */
  readonly rest: Uint8Array;
}

export interface Unpacked {
  /** With the lists that are not packed. */
  readonly options: OptionsType;
  /** Of each packed list, the length of its longest word. */
  readonly longest: Readonly<Record<string, number>>;
}

/** All lists as they come, 19 MB of them. */
export async function loadLists(): Promise<{ options: OptionsType; lists: Record<string, string[]> }> {
  const [common, english] = await Promise.all([
    import('@zxcvbn-ts/language-common'),
    import('@zxcvbn-ts/language-en'),
  ]);
  const { 'lastnames-en': familyNames, ...words } = english.dictionary;
  return {
    // Each further reading of p@$$w0rd multiplies the work.
    options: { translations: english.translations, graphs: common.adjacencyGraphs, l33tMaxSubstitutions: 8 },
    lists: { ...common.dictionary, ...words, 'lastnames-en': familyNames.slice(0, FAMILY_NAMES) },
  };
}

export async function loadDictionaries(): Promise<Dictionaries> {
  const { options, lists } = await loadLists();
  const having = (many: boolean) =>
    Object.fromEntries(Object.entries(lists).filter(([, list]) => list.length >= MANY === many));
  const large = having(true);
  const dictionary: OptionsDictionary = having(false);
  const lengths = Object.entries(large).map(([name, list]): [string, number] => [
    name,
    list.reduce((most, word) => Math.max(most, word.length), 0),
  ]);
  const rest: Unpacked = { options: { ...options, dictionary }, longest: Object.fromEntries(lengths) };
  return { packed: packWords(large), rest: shared(serialize(rest)) };
}

function shared(bytes: Uint8Array): Uint8Array {
  const copy = new Uint8Array(new SharedArrayBuffer(bytes.length));
  copy.set(bytes);
  return copy;
}
