import { UpstreamError } from './upstream-error.js';

const TIMEOUT_MS = 5000;
const LARGEST = 512 * 1024;

export interface ProviderAnswer {
  readonly status: number;
  /** Undefined when it is not JSON. */
  readonly body: unknown;
}

async function textOf(body: AsyncIterable<Uint8Array> | null, place: string): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body ?? []) {
    length += chunk.length;
    if (length > LARGEST) throw new UpstreamError('refused', `${place} is longer than ${LARGEST} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * Asks a provider. Its URLs are the operator's own, so it may be anywhere, in a private network too; but it may not send
 * us, with a secret or a token in hand, to another place.
 *
 * @throws UpstreamError `unreachable`, or `refused` for an answer that is too long
 */
export async function providerFetch(
  url: string,
  request: { method?: 'POST'; headers?: Record<string, string>; body?: string } = {},
): Promise<ProviderAnswer> {
  const { origin, pathname } = new URL(url);
  const place = `${origin}${pathname}`;
  // AbortSignal.timeout() is held weakly: collected, it never fires.
  const abort = new AbortController();
  const timer = setTimeout(() => {
    abort.abort(new UpstreamError('unreachable', `${place} took longer than ${TIMEOUT_MS} ms`));
  }, TIMEOUT_MS);
  try {
    const response = await fetch(url, {
      ...request,
      headers: { Accept: 'application/json', 'User-Agent': 'toolgate', ...request.headers },
      redirect: 'manual',
      signal: abort.signal,
    });
    return { status: response.status, body: jsonOf(await textOf(response.body, place)) };
  } catch (error) {
    if (error instanceof UpstreamError) throw error;
    const { name, cause } = error as Error;
    const code = (cause as { code?: unknown } | undefined)?.code;
    const why = typeof code === 'string' ? code : name;
    throw new UpstreamError('unreachable', `${place} cannot be reached: ${why}`, { cause: error });
  } finally {
    clearTimeout(timer);
  }
}
