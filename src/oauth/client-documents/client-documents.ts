import type { Clock } from '../../crypto/clock.js';
import { OutboundError } from '../../outbound/outbound-error.js';
import type { Outbound } from '../../outbound/outbound.js';
import { freshUntil } from './cache-life.js';
import { ClientDocumentError } from './client-document-error.js';
import { type ClientDocument, type DocumentRules, parseClientDocument } from './client-document.js';
import { clientIdUrlProblem } from './client-id-url.js';
import { SharedFetches } from './shared-fetches.js';
import { WELL_KNOWN_CLIENTS } from './well-known-clients.js';

/** Spec S25. */
const LARGEST_DOCUMENT = 5 * 1024;
const LAST_GOOD_MS = 7 * 24 * 3600 * 1000;

export interface StoredDocument {
  readonly document: ClientDocument;
  readonly fetchedAt: Date;
  readonly freshUntil: Date;
}

/** Where good documents are kept, for all replicas. */
export interface DocumentStore {
  find(url: string): Promise<StoredDocument | undefined>;
  save(url: string, stored: StoredDocument): Promise<void>;
}

export interface ClientDocumentsOptions extends DocumentRules {
  readonly outbound: Outbound;
  readonly clock: Clock;
  readonly store: DocumentStore;
  /** Told when a copy stands in for a document that could not be fetched. */
  readonly warn?: (words: string) => void;
}

/** Knows clients by the metadata documents at their client_id (CIMD; spec S20 to S25). */
export class ClientDocuments {
  private readonly fetches: SharedFetches<StoredDocument>;

  constructor(private readonly options: ClientDocumentsOptions) {
    this.fetches = new SharedFetches(options.clock);
  }

  /**
   * The document of a client: the stored one while it is fresh, else fetched. When it cannot be fetched or is invalid, the
   * last good one serves for up to 7 days, and after that the bundled copy of a well-known client (spec S23).
   *
   * @throws ClientDocumentError `client_id`, `unreachable`, `invalid`
   */
  async get(url: string): Promise<ClientDocument> {
    const problem = clientIdUrlProblem(url, this.options.allowLoopback);
    if (problem) throw new ClientDocumentError('client_id', `client_id: the URL ${problem}.`);
    const stored = await this.options.store.find(url);
    const now = this.options.clock.now();
    if (stored && now < stored.freshUntil) return stored.document;
    try {
      const fetched = await this.fetches.run(
        url,
        () => this.fetch(url),
        (good) => this.options.store.save(url, good),
      );
      return fetched.document;
    } catch (error) {
      if (!(error instanceof ClientDocumentError)) throw error;
      return this.lastGood(url, stored, error);
    }
  }

  private async fetch(url: string): Promise<StoredDocument> {
    const { outbound, clock } = this.options;
    const answer = await outbound.fetchJson(url, { maxBytes: LARGEST_DOCUMENT }).catch((error: unknown) => {
      if (!(error instanceof OutboundError)) throw error;
      throw new ClientDocumentError('unreachable', error.message, { cause: error });
    });
    const document = parseClientDocument(url, answer.body, this.options);
    const fetchedAt = clock.now();
    return { document, fetchedAt, freshUntil: freshUntil(answer.headers, fetchedAt) };
  }

  private lastGood(
    url: string,
    stored: StoredDocument | undefined,
    error: ClientDocumentError,
  ): ClientDocument {
    const { clock, warn } = this.options;
    if (stored && clock.now().getTime() - stored.fetchedAt.getTime() <= LAST_GOOD_MS) {
      warn?.(`${url}: using the copy of ${stored.fetchedAt.toISOString()}. ${error.message}`);
      return stored.document;
    }
    const bundled = WELL_KNOWN_CLIENTS.get(url);
    if (!bundled) throw error;
    warn?.(`${url}: using the copy that came with this release. ${error.message}`);
    return parseClientDocument(url, bundled, this.options);
  }
}
