const SHAPES = {
  'a JWT': /eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{20,}/,
  'an API key': /tgk_[A-Za-z0-9]{22}_[A-Za-z0-9]{49}/,
  'a refresh token': /tgr_[A-Za-z0-9_-]{64}/,
  'an OAuth secret': /tg[omsd]_[A-Za-z0-9_-]{64}/,
  'a private key': /"d"\s*:\s*"|BEGIN (EC |RSA )?PRIVATE KEY/,
};

const START = 6;

/**
 * The secrets by how they begin, so that a text is read once for all of them.
 *
 * @param {ReadonlySet<string>} known
 */
function byStart(known) {
  /** @type {Map<string, string[]>} */
  const index = new Map();
  for (const secret of known) {
    const start = secret.slice(0, START);
    index.set(start, [...(index.get(start) ?? []), secret]);
  }
  return index;
}

/**
 * @param {ReadonlySet<string>} known
 * @param {string} text
 */
function knownIn(known, text) {
  const long = new Set([...known].filter((secret) => secret.length >= START));
  const found = new Set([...known].filter((secret) => !long.has(secret) && text.includes(secret)));
  const index = byStart(long);
  for (let at = 0; at + START <= text.length; at += 1)
    for (const secret of index.get(text.slice(at, at + START)) ?? [])
      if (text.startsWith(secret, at)) found.add(secret);
  return found;
}

/**
 * What kinds of usable credential stand in a text: by their shape, or because they are known ones.
 *
 * @param {ReadonlySet<string>} known
 * @param {string} text
 * @returns {string[]}
 */
export function leaks(known, text) {
  const shapes = Object.entries(SHAPES).filter(([, shape]) => shape.test(text));
  return [...shapes.map(([kind]) => kind), ...[...knownIn(known, text)].map(() => 'a secret of the run')];
}
