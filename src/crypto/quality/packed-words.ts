/** Lists of words, best known first, in memory that threads share: a third of what JavaScript's objects take for them. */
export interface PackedWords {
  /** UTF-16, one word after the other. */
  readonly text: Uint16Array;
  /** Where each word begins in it, and where the last one ends. */
  readonly starts: Uint32Array;
  /** A hash table with linear probing of the words' numbers, counted from one; zero is free. */
  readonly slots: Uint32Array;
  /** By list, the rank of each word in it; zero: it is not there. */
  readonly ranks: Readonly<Record<string, Uint16Array>>;
}

type Lookup = (word: string) => number | undefined;

/** FNV-1a, of UTF-16 units. */
function hashOf(word: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < word.length; at += 1) hash = Math.imul(hash ^ word.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}

const shared = (bytes: number) => new SharedArrayBuffer(bytes);

export function packWords(lists: Readonly<Record<string, readonly string[]>>): PackedWords {
  const words = [...new Set(Object.values(lists).flat())];
  const text = new Uint16Array(shared(2 * words.reduce((sum, word) => sum + word.length, 0)));
  const starts = new Uint32Array(shared(4 * (words.length + 1)));
  const slots = new Uint32Array(shared(4 * Math.ceil(words.length * 1.5)));
  const numbers = new Map<string, number>();
  let end = 0;
  for (const [index, word] of words.entries()) {
    for (let at = 0; at < word.length; at += 1, end += 1) text[end] = word.charCodeAt(at);
    starts[index + 1] = end;
    numbers.set(word, index);
    let slot = hashOf(word) % slots.length;
    while (slots[slot] !== 0) slot = (slot + 1) % slots.length;
    slots[slot] = index + 1;
  }
  const ranks = Object.entries(lists).map(([name, list]) => {
    if (list.length > 0xffff) throw new RangeError(`${name} has more words than there are ranks`);
    const its = new Uint16Array(shared(2 * words.length));
    for (const [index, word] of list.entries()) its[numbers.get(word) ?? NaN] = index + 1;
    return [name, its] as const;
  });
  return { text, starts, slots, ranks: Object.fromEntries(ranks) };
}

/** A word's number. Each is asked for in one list after the other, so the last one is remembered. */
function finder({ text, starts, slots }: PackedWords): Lookup {
  const isWord = (number: number, word: string) => {
    const start = starts[number] ?? 0;
    if (starts[number + 1] !== start + word.length) return false;
    for (let at = 0; at < word.length; at += 1) if (text[start + at] !== word.charCodeAt(at)) return false;
    return true;
  };
  const find = (word: string) => {
    for (let slot = hashOf(word) % slots.length; ; slot = (slot + 1) % slots.length) {
      const number = (slots[slot] ?? 0) - 1;
      if (number < 0) return undefined;
      if (isWord(number, word)) return number;
    }
  };
  let last = '';
  let found: number | undefined;
  return (word) => {
    if (word !== last) [last, found] = [word, find(word)];
    return found;
  };
}

/** By list, what behaves like an object from words to ranks. */
export function ranksOf(words: PackedWords): Record<string, Record<string, number>> {
  const find = finder(words);
  const lookUp =
    (ranks: Uint16Array): Lookup =>
    (word) => {
      const number = find(word);
      const rank = number === undefined ? 0 : ranks[number];
      return rank === 0 ? undefined : rank;
    };
  const asObject = (rank: Lookup) =>
    new Proxy<Record<string, number>>(
      {},
      { get: (_, word) => (typeof word === 'string' ? rank(word) : undefined) },
    );
  return Object.fromEntries(
    Object.entries(words.ranks).map(([name, ranks]) => [name, asObject(lookUp(ranks))]),
  );
}
