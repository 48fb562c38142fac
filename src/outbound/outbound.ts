import type { Dispatcher } from 'undici';
import { guardedConnector, type Lookup } from './guarded-connector.js';
import { networkError, OutboundError, placeOf } from './outbound-error.js';

export interface OutboundOptions {
  /** For tests and local development: `http:` and loopback addresses, and no other special ones. */
  readonly allowLoopback?: boolean;
  /** For the whole exchange: name, connection, headers and body. */
  readonly timeoutMs?: number;
  readonly lookup?: Lookup;
  /** The certificates to trust, in PEM, instead of Node's own. */
  readonly ca?: string;
}

export interface FetchLimits {
  readonly maxBytes: number;
  readonly accept?: string;
}

export interface JsonAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
}

const JSON_TYPE = /^application\/(?:[a-z0-9!#$&^_.-]+\+)?json[ \t]*(?:;|$)/i;

function headersOf(raw: Dispatcher.ResponseData['headers']): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(raw))
    for (const one of [value ?? []].flat()) headers.append(name, one);
  return headers;
}

function checkHead(status: number, headers: Headers, maxBytes: number, place: string): void {
  if (status >= 300 && status < 400)
    throw new OutboundError('redirect', `${place} redirects (${status}). It must answer by itself.`);
  if (status !== 200) throw new OutboundError('status', `${place} answers ${status}. It must answer 200.`);
  const type = headers.get('content-type') ?? 'nothing';
  if (!JSON_TYPE.test(type))
    throw new OutboundError(
      'not_json',
      `${place} has the content type ${JSON.stringify(type.slice(0, 80))}. It must be application/json.`,
    );
  // Not asked for; unpacking it would be work that its sender chooses the size of.
  if (!/^(?:identity)?$/i.test(headers.get('content-encoding') ?? ''))
    throw new OutboundError('not_json', `${place} is compressed, which was not asked for. Send it as it is.`);
  if (Number(headers.get('content-length') ?? 0) > maxBytes) throw tooLarge(place, maxBytes);
}

const tooLarge = (place: string, maxBytes: number) =>
  new OutboundError('too_large', `${place} is longer than ${maxBytes} bytes. Shorten it.`);

async function readJson(body: AsyncIterable<Uint8Array>, maxBytes: number, place: string): Promise<unknown> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    if (length > maxBytes) throw tooLarge(place, maxBytes);
    chunks.push(chunk);
  }
  const bytes = Buffer.concat(chunks);
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    // The parser's own words quote the body.
    throw new OutboundError('not_json', `${place} is not JSON in UTF-8. Check it with a JSON validator.`);
  }
}

/**
 * Fetches JSON from URLs that strangers name (client documents, their keys), so that neither the URL, the name's addresses
 * nor the answer can make it reach another host, wait or hold much: spec S22, S24, S25; attack 8.
 */
export class Outbound {
  private readonly allowLoopback: boolean;
  private readonly timeoutMs: number;
  private readonly connect: ReturnType<typeof guardedConnector>;

  constructor({ allowLoopback = false, timeoutMs = 5000, lookup, ca }: OutboundOptions = {}) {
    this.allowLoopback = allowLoopback;
    this.timeoutMs = timeoutMs;
    this.connect = guardedConnector({ allowLoopback, timeoutMs, lookup, ca });
  }

  /**
   * One GET on a connection of its own: no redirects, cookies, credentials or proxies, and only a 200 in JSON counts.
   *
   * @throws OutboundError whose `reason` says which rule the URL or the answer broke
   */
  async fetchJson(url: string, { maxBytes, accept = 'application/json' }: FetchLimits): Promise<JsonAnswer> {
    const target = this.target(url);
    const place = placeOf(target);
    // Large, and many a service never fetches: loaded at the first fetch.
    const { Client } = await import('undici');
    const client = new Client(target.origin, { connect: this.connect, pipelining: 0 });
    // An AbortSignal would not be heard before there is a connection.
    const timer = setTimeout(() => {
      const words = `${place} took longer than ${this.timeoutMs} ms to answer in full.`;
      void client.destroy(new OutboundError('timeout', words));
    }, this.timeoutMs);
    try {
      const answer = await client.request({
        method: 'GET',
        path: `${target.pathname}${target.search}`,
        headers: { accept, 'accept-encoding': 'identity', 'user-agent': 'toolgate' },
      });
      const headers = headersOf(answer.headers);
      checkHead(answer.statusCode, headers, maxBytes, place);
      return { status: answer.statusCode, headers, body: await readJson(answer.body, maxBytes, place) };
    } catch (error) {
      throw networkError(error, target);
    } finally {
      clearTimeout(timer);
      void client.destroy();
    }
  }

  private target(url: string): URL {
    const target = URL.canParse(url) ? new URL(url) : undefined;
    if (target?.protocol !== 'https:' && !(this.allowLoopback && target?.protocol === 'http:'))
      throw new OutboundError('scheme', 'Only https URLs are fetched.');
    if (target.username !== '' || target.password !== '')
      throw new OutboundError(
        'scheme',
        `${placeOf(target)} carries a user name or password. Leave them out.`,
      );
    return target;
  }
}
