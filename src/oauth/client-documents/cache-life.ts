const SECOND = 1000;
/** Spec S23. */
const LONGEST = 24 * 3600 * SECOND;
/**
 * Also for `no-store`. The draft (section 5.2) leaves a lower bound to the server, and ours is what keeps one sign-in
 * (authorize, consent, token) to one version of the document and strangers from making us fetch at their pace.
 */
const SHORTEST = 60 * SECOND;
const DEFAULT = 3600 * SECOND;

/** RFC 9111 section 5.2, names in lower case; of a repeated directive the first counts (section 4.2.1). */
function directives(cacheControl: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const part of cacheControl.split(',')) {
    const [name = '', value = ''] = part.split('=').map((text) => text.trim());
    const key = name.toLowerCase();
    if (!found.has(key)) found.set(key, value.replace(/^"(.*)"$/, '$1'));
  }
  return found;
}

const seconds = (text: string): number => (/^\d{1,10}$/.test(text) ? Number(text) * SECOND : 0);

/** How long the answer says that it stays fresh from now; undefined when it says nothing. */
function statedLife(headers: Headers, now: Date): number | undefined {
  const control = directives(headers.get('cache-control') ?? '');
  if (control.has('no-store') || control.has('no-cache')) return 0;
  const age = seconds(headers.get('age') ?? '');
  const maxAge = control.get('max-age');
  if (maxAge !== undefined) return seconds(maxAge) - age;
  const expires = headers.get('expires');
  if (expires === null) return undefined;
  // Measured against the sender's own clock (RFC 9111 section 4.2.1), which may be wrong.
  const sent = Date.parse(headers.get('date') ?? '');
  const life = Date.parse(expires) - (Number.isNaN(sent) ? now.getTime() : sent) - age;
  return Number.isNaN(life) ? 0 : life;
}

/**
 * Until when an answer that came `now` is fresh, by its Cache-Control, Expires and Age (spec S23): at least a minute, at
 * most a day, and an hour when it does not say.
 */
export function freshUntil(headers: Headers, now: Date): Date {
  const life = statedLife(headers, now) ?? DEFAULT;
  return new Date(now.getTime() + Math.min(Math.max(life, SHORTEST), LONGEST));
}
