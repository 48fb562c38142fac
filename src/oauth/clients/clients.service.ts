import { Injectable } from '@nestjs/common';
import type { Config } from '../../config/config.js';
import { InjectConfig } from '../../config/config.token.js';
import { isClientIdUrl } from '../client-documents/client-id-url.js';
import { ClientDocumentError } from '../client-documents/client-document-error.js';
import { ClientDocuments } from '../client-documents/client-documents.js';
import type { Client } from './client.js';
import { ClientsRepository } from './clients.repository.js';

/** What a registered client_id looks like: anything else needs no query. */
const SHAPE = /^[A-Za-z0-9_-]{1,100}$/;

/** Finds a client by its id: registered or configured in the table, or known by the document at its URL. */
@Injectable()
export class ClientsService {
  constructor(
    private readonly clients: ClientsRepository,
    private readonly documents: ClientDocuments,
    @InjectConfig() private readonly config: Config,
  ) {}

  async find(clientId: string): Promise<Client | undefined> {
    const found = await this.findOrExplain(clientId);
    return 'client' in found ? found.client : undefined;
  }

  /** Like {@link find}, but a registered client may be as it was a moment ago: to let it in by, never to refuse it by. */
  async findRecent(clientId: string): Promise<Client | undefined> {
    return SHAPE.test(clientId) ? this.clients.findRecent(clientId) : this.find(clientId);
  }

  /** The client, or in words for a person and the client's developer why there is none. */
  async findOrExplain(clientId: string): Promise<{ client: Client } | { problem: string }> {
    if (isClientIdUrl(clientId, this.config.OUTBOUND_LOOPBACK)) {
      if (!this.config.CLIENT_DOCUMENTS)
        return { problem: 'This service takes no client metadata documents; the app must register.' };
      try {
        const metadata = await this.documents.get(clientId);
        return {
          client: { clientId, source: 'document', metadata, secretDigest: null, ownScopes: [], serves: [] },
        };
      } catch (error) {
        if (!(error instanceof ClientDocumentError)) throw error;
        return { problem: `The app’s client metadata document cannot be used: ${error.message}` };
      }
    }
    const client = SHAPE.test(clientId) ? await this.clients.find(clientId) : undefined;
    return client
      ? { client }
      : {
          problem:
            'No app is registered with this client_id. It may have been removed after a time of disuse.',
        };
  }
}
