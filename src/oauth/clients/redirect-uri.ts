/** Schemes that run or show something by themselves, or that are not an app's own. */
const REFUSED_SCHEMES = new Set([
  'about', 'blob', 'chrome', 'data', 'file', 'filesystem', 'ftp', 'intent', 'jar', 'javascript', 'mailto', 'sms', 'tel',
  'ms-msdt', 'search-ms', 'vbscript', 'view-source', 'ws', 'wss',
]); // prettier-ignore

const LOOPBACK = /^http:\/\/(localhost|127\.0\.0\.1|\[::1\])(?::(\d{1,5}))?((?:[/?].*)?)$/;
const SCHEME = /^([a-z][a-z0-9+.-]*):/i;
const LONGEST = 2048;

export type RedirectKind = 'web' | 'loopback' | 'app';

/** Where a redirect URI leads: to a web site, to a program on the same computer, or to an app (RFC 8252 section 7). */
export function redirectKind(uri: string): RedirectKind {
  if (LOOPBACK.test(uri)) return 'loopback';
  return uri.startsWith('https:') ? 'web' : 'app';
}

/** For people: the host, or for an app its scheme. */
export function redirectHost(uri: string): string {
  return redirectKind(uri) === 'app' ? `${SCHEME.exec(uri)?.[1] ?? ''}://` : new URL(uri).host;
}

/** Why a URI cannot be registered for redirects (spec S6, clients rule 3); undefined when it can. */
export function redirectUriProblem(uri: string): string | undefined {
  if (uri.length > LONGEST) return `is longer than ${LONGEST} characters`;
  // eslint-disable-next-line no-control-regex
  if (/[\u0000-\u0020\u007f-\uffff\\<>"`{}|^]/.test(uri)) return 'has a character that no URI may have';
  if (uri.includes('#')) return 'has a fragment';
  const scheme = SCHEME.exec(uri)?.[1]?.toLowerCase();
  if (scheme === undefined || !URL.canParse(uri)) return 'is not an absolute URI';
  // Else one URI could pass for an app's here and for a web site's elsewhere.
  if (!uri.startsWith(`${scheme}:`)) return 'has a scheme that is not in lower case';
  if (REFUSED_SCHEMES.has(scheme)) return `has the scheme ${scheme}, which is not allowed`;
  const url = new URL(uri);
  if (url.username !== '' || url.password !== '') return 'carries user information';
  if (uri.split('?', 1)[0]?.includes('*')) return 'has a wildcard';
  // Such a host would be read as more than one word where a policy names it.
  if (/[;,'*]/.test(url.host)) return 'has a host with a character that no host name has';
  if (scheme === 'http' && !LOOPBACK.test(uri))
    return 'is http, which is allowed only for localhost, 127.0.0.1 and [::1]';
  if ((scheme === 'https' || scheme === 'http') && !/^https?:\/\/[^/]/i.test(uri)) return 'has no host';
  return undefined;
}

/**
 * Exact match, but for the port of a loopback host, which a native app learns only when it runs (RFC 8252 section 7.3,
 * spec S7). The host must be spelled as it is registered.
 */
export function redirectUriMatches(registered: string, given: string): boolean {
  if (registered === given) return true;
  const [a, b] = [LOOPBACK.exec(registered), LOOPBACK.exec(given)];
  return (
    a !== null && b !== null && a[1] === b[1] && a[3] === b[3] && b[2] !== '0' && Number(b[2] ?? 0) <= 65_535
  );
}
