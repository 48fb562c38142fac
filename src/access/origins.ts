const LOOPBACK = /^https?:\/\/(?:localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?(?:\/|$)/;
const isLoopback = (url: string): boolean => LOOPBACK.test(url);

/**
 * Against DNS rebinding: a browser names the page it acts for, and only known pages may call (spec R15). The pages of this
 * very computer, such as MCP Inspector, may call a server on it; a rebound name is never one of these.
 */
export function originAllowed(
  origin: string | undefined,
  ownUrl: string,
  allowed: ReadonlySet<string>,
): boolean {
  if (origin === undefined || origin === new URL(ownUrl).origin || allowed.has(origin)) return true;
  return isLoopback(ownUrl) && isLoopback(origin);
}
