import { z } from 'zod';
import { ToolgateError } from '../errors/toolgate-error.js';

const MOST_BYTES = 1_000_000;
const METADATA_LIFE_MS = 600_000;
const METADATA_PATHS = ['oauth-authorization-server', 'openid-configuration'];

const Metadata = z.object({
  issuer: z.string(),
  jwks_uri: z.url({ protocol: /^https?$/ }),
  introspection_endpoint: z.url({ protocol: /^https?$/ }).optional(),
});
export type IssuerMetadata = z.output<typeof Metadata>;

/** The issuer cannot be asked just now. Nobody is let in because of that. */
export const unavailable = (reason: string, cause?: unknown): ToolgateError =>
  new ToolgateError('unavailable', { reason, cause, headers: { 'Retry-After': '2' } });

/** Asks the issuer, within a time, without following redirects; what it answers about itself is kept for a while. */
export class IssuerClient {
  private metadataKept: { metadata: IssuerMetadata; at: number } | undefined;
  private metadataAsked: Promise<IssuerMetadata> | undefined;

  constructor(
    readonly issuer: string,
    private readonly timeoutMs: number,
  ) {}

  /** RFC 8414 section 3. Once known, it outlives an issuer that does not answer. */
  async metadata(): Promise<IssuerMetadata> {
    const kept = this.metadataKept;
    if (kept && Date.now() - kept.at < METADATA_LIFE_MS) return kept.metadata;
    this.metadataAsked ??= this.discover().finally(() => {
      this.metadataAsked = undefined;
    });
    try {
      const metadata = await this.metadataAsked;
      this.metadataKept = { metadata, at: Date.now() };
      return metadata;
    } catch (error) {
      if (!kept) throw error;
      this.metadataKept = { metadata: kept.metadata, at: Date.now() - METADATA_LIFE_MS + 10_000 };
      return kept.metadata;
    }
  }

  /** @throws ToolgateError `unavailable` */
  async json(
    url: string,
    init: { method?: string; headers?: Record<string, string>; body?: string } = {},
  ): Promise<unknown> {
    let response: Response;
    let text: string;
    try {
      response = await fetch(url, {
        ...init,
        redirect: 'error',
        signal: AbortSignal.timeout(this.timeoutMs),
        headers: { Accept: 'application/json', ...init.headers },
      });
      text = await limitedText(response);
    } catch (cause) {
      throw unavailable(`${url} does not answer: ${cause instanceof Error ? cause.message : ''}`, cause);
    }
    if (!response.ok) throw unavailable(`${url} answered ${response.status}`);
    try {
      return JSON.parse(text) as unknown;
    } catch (cause) {
      throw unavailable(`${url} did not answer with JSON`, cause);
    }
  }

  private async discover(): Promise<IssuerMetadata> {
    const { origin, pathname } = new URL(this.issuer);
    const path = pathname === '/' ? '' : pathname;
    let failure: unknown;
    for (const name of METADATA_PATHS) {
      try {
        const parsed = Metadata.safeParse(await this.json(`${origin}/.well-known/${name}${path}`));
        if (!parsed.success) throw unavailable('the metadata of the issuer is not usable');
        // RFC 8414 section 3.3: identical, byte for byte.
        if (parsed.data.issuer !== this.issuer)
          throw unavailable(`the issuer calls itself ${parsed.data.issuer}, not ${this.issuer}`);
        return parsed.data;
      } catch (error) {
        failure ??= error;
      }
    }
    throw failure as Error;
  }
}

async function limitedText(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length > MOST_BYTES) throw new Error('the answer is too long');
  }
  return text + decoder.decode();
}
