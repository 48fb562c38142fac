import { readFile } from 'node:fs/promises';
import { expect, test } from '@jest/globals';
import { REQUIREMENTS } from './requirements.js';

const ROOT = new URL('../../', import.meta.url);
const numbered = (letter: string, last: number) =>
  Array.from({ length: last }, (_, n) => `${letter}${n + 1}`);
// The list has no R17.
const ROWS = [...numbered('S', 28), ...numbered('R', 20).filter((row) => row !== 'R17')];

test('every row from S1 to S28 and from R1 to R20 is there, and no other', () => {
  expect(Object.keys(REQUIREMENTS)).toEqual(ROWS);
});

test.each(ROWS)('%s has at least one test, and each is in the file that is named', async (row) => {
  const { tests, says } = REQUIREMENTS[row] ?? { tests: [], says: '' };
  expect([says.length > 0, tests.length > 0]).toEqual([true, true]);
  for (const { file, test: name } of tests) {
    const text = await readFile(new URL(file, ROOT), 'utf8');
    // As the first argument of test() or of test.each()(), so that a name in a comment is none.
    const quoted = [`'${name}'`, `"${name}"`, `\`${name}\``];
    const found = quoted.some((literal) => new RegExp(`\\(\\s*${escaped(literal)},`).test(text));
    expect([file, name, found]).toEqual([file, name, true]);
    expect(text).not.toMatch(/\b(?:test|describe|it)\.(?:skip|only|todo)\b/);
  }
});

const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
