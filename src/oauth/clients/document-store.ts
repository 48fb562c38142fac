import { Injectable } from '@nestjs/common';
import { Database, type Statement } from '../../database/database.js';
import type { DocumentStore, StoredDocument } from '../client-documents/client-documents.js';

const FIND: Statement = {
  name: 'client-document',
  text: `SELECT metadata AS document, fetched_at AS "fetchedAt", fresh_until AS "freshUntil" FROM oauth_clients
         WHERE client_id = $1 AND source = 'document'`,
};
// A slower replica's older answer never replaces a newer one.
const SAVE: Statement = {
  name: 'client-document-save',
  text: `INSERT INTO oauth_clients (client_id, source, metadata, created_at, fetched_at, fresh_until)
         VALUES ($1, 'document', $2, $3, $3, $4)
         ON CONFLICT (client_id) DO UPDATE
         SET metadata = excluded.metadata, fetched_at = excluded.fetched_at, fresh_until = excluded.fresh_until
         WHERE oauth_clients.source = 'document' AND oauth_clients.fetched_at <= excluded.fetched_at`,
};

/** Client documents in the table of clients, for all replicas. */
@Injectable()
export class PostgresDocumentStore implements DocumentStore {
  constructor(private readonly database: Database) {}

  async find(url: string): Promise<StoredDocument | undefined> {
    return (await this.database.query<StoredDocument & Record<string, unknown>>(FIND, [url]))[0];
  }

  async save(url: string, { document, fetchedAt, freshUntil }: StoredDocument): Promise<void> {
    await this.database.query(SAVE, [url, JSON.stringify(document), fetchedAt, freshUntil]);
  }
}
