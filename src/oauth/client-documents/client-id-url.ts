const LONGEST = 2048;
const LOOPBACK_HOSTS = new Set(['localhost', '127.0.0.1', '[::1]']);

/** RFC 3986 section 6.2.2: upper-case hex, and no escape for a character that needs none. */
function escapesAreNormal(url: string): boolean {
  return (url.match(/%.{0,2}/g) ?? []).every(
    (escape) => /^%[0-9A-F]{2}$/.test(escape) && !/[\w.~-]/.test(decodeURIComponent(`%${asAscii(escape)}`)),
  );
}

/** Bytes past ASCII are never unreserved and may be half a character: any reserved one stands in for them. */
function asAscii(escape: string): string {
  return escape > '%7F' ? '2F' : escape.slice(1);
}

/** Not `URL.canParse`: once optimized, that of Node 20 reads characters past ASCII as other bytes than `new URL` does. */
function parsed(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}

/**
 * Why a string cannot be the URL of a client metadata document (spec S22, draft section 3); undefined when it can. A URL
 * must be spelled in its one normal form, so that one document is one client. A query is allowed: the draft only
 * discourages it, and asks that of clients. With `allowLoopback`, `http:` on this computer passes too.
 */
export function clientIdUrlProblem(clientId: string, allowLoopback = false): string | undefined {
  if (clientId.length > LONGEST) return `is longer than ${LONGEST} characters`;
  const url = parsed(clientId);
  if (!url) return 'is not a URL';
  const local = allowLoopback && url.protocol === 'http:' && LOOPBACK_HOSTS.has(url.hostname);
  if (url.protocol !== 'https:' && !local) return 'is not an https URL';
  if (url.username !== '' || url.password !== '') return 'carries a user name or password';
  if (clientId.includes('#')) return 'has a fragment';
  if (url.pathname === '/') return 'has no path';
  if (url.href !== clientId || !escapesAreNormal(clientId))
    return `is not spelled in its normal form (dot segments, letter case, default port or escapes), like ${url.href}`;
  // An escaped slash hides segments from the parser that a server may still see.
  if (url.pathname.split(/\/|%2F|%5C/).some((segment) => segment === '.' || segment === '..'))
    return 'has a dot segment';
  if (url.hostname.endsWith('.')) return 'has a dot after its host name';
  return undefined;
}

/** Whether a client_id is the URL of a client metadata document (spec S22). */
export function isClientIdUrl(clientId: string, allowLoopback = false): boolean {
  return clientIdUrlProblem(clientId, allowLoopback) === undefined;
}
