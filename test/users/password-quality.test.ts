import { beforeAll, expect, test } from '@jest/globals';
import { ZxcvbnFactory } from '@zxcvbn-ts/core';
import { loadDictionaries, loadLists } from '../../src/crypto/quality/dictionaries.js';
import { judge, packedZxcvbn } from '../../src/crypto/quality/judge.js';
import { packWords, ranksOf } from '../../src/crypto/quality/packed-words.js';

const KNOWN = ['ada@example.com', 'ada', 'example', 'com', 'Ada Lovelace'];
let packed: ZxcvbnFactory;
let plain: ZxcvbnFactory;
let lists: Record<string, string[]>;

beforeAll(async () => {
  const loaded = await loadLists();
  lists = loaded.lists;
  plain = new ZxcvbnFactory({ ...loaded.options, dictionary: lists });
  packed = packedZxcvbn(await loadDictionaries());
});

test('every word has the rank it has in each of the lists as they come, and nothing else has one', async () => {
  const large = Object.entries(lists).filter(([, words]) => words.length >= 1000);
  const ranks = ranksOf((await loadDictionaries()).packed);
  expect(Object.keys(ranks)).toEqual(large.map(([name]) => name));
  for (const [name, words] of large) {
    expect(words.filter((word, index) => ranks[name]?.[word] !== index + 1)).toEqual([]);
    const others = Object.values(lists).flat().map((word) => `${word}\0`); // prettier-ignore
    expect(others.filter((word) => ranks[name]?.[word] !== undefined)).toEqual([]);
  }
});

test('words that begin, end or hash like another are told apart', () => {
  const ranks = ranksOf(packWords({ a: ['ab', 'abc', 'b', '', 'ś'], b: ['abc'] }));
  const asked = ['ab', 'abc', 'a', 'b', 'c', '', 'ś', '[', 'constructor'];
  expect(asked.map((word) => ranks['a']?.[word])).toEqual([1, 2, undefined, 3, undefined, 4, 5, undefined, undefined]);
  expect(asked.map((word) => ranks['b']?.[word])).toEqual(asked.map((word) => (word === 'abc' ? 1 : undefined)));
}); // prettier-ignore

test('packed lists judge as zxcvbn does with its own', () => {
  const words = Object.values(lists).flat();
  const word = (n: number) => words[(n * 7919) % words.length] ?? '';
  const made = Array.from({ length: 40 }, (_, n) => [
    word(n),
    `${word(n).toUpperCase()}${n}`,
    `${word(n)} ${word(n + 1)} ${word(n + 2)}`,
    word(n).replaceAll('a', '@').replaceAll('o', '0').replaceAll('s', '$'),
    Array.from(word(n)).reverse().join(''),
    `ada${word(n)}1815`,
  ]);
  for (const password of [
    ...made.flat(),
    'mondaytuesday',
    'qwertyuiop',
    '',
    'zQ9#kkL2mmpoiuy!',
    'żółw żółw',
  ]) {
    const { calcTime: _, ...expected } = plain.check(password, KNOWN);
    expect(packed.check(password, KNOWN)).toMatchObject(expected);
  }
});

test('what is known of a person, a breached password and a short one are weak; four odd words are not', () => {
  for (const weak of ['ada@example.com', 'Ada Lovelace1', 'P@ssw0rd123', 'toolgate12'])
    expect(judge(packed, weak, KNOWN)?.length).toBeGreaterThan(0);
  expect(judge(packed, 'lentil harbour quartz mitten', KNOWN)).toBeUndefined();
});
