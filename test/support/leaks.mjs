const SHAPES = {
  'a JWT': /eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{20,}/,
  'an API key': /tgk_[A-Za-z0-9]{22}_[A-Za-z0-9]{49}/,
  'a refresh token': /tgr_[A-Za-z0-9_-]{43}/,
  'an OAuth secret': /tg[omsd]_[A-Za-z0-9_-]{43}/,
  'a private key': /"d"\s*:\s*"|BEGIN (EC |RSA )?PRIVATE KEY/,
};

/**
 * What kinds of usable credential stand in a text: by their shape, or because they are known ones.
 *
 * @param {ReadonlySet<string>} known
 * @param {string} text
 * @returns {string[]}
 */
export function leaks(known, text) {
  const shapes = Object.entries(SHAPES).filter(([, shape]) => shape.test(text));
  const used = [...known].filter((secret) => text.includes(secret));
  return [...shapes.map(([kind]) => kind), ...used.map(() => 'a secret of the run')];
}
