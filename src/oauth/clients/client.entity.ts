import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { ClientMetadata, ClientSource } from './client.js';

/** An OAuth client: registered by itself (RFC 7591), configured by an operator, or known by its metadata document. */
@Entity('oauth_clients')
@Check('oauth_clients_source', `source IN ('registered', 'configured', 'document')`)
@Check('oauth_clients_secret_is_sha256', 'octet_length(secret_digest) = 32')
@Check('oauth_clients_document_is_dated', `(source = 'document') = (fetched_at IS NOT NULL)`)
@Check('oauth_clients_document_has_no_secret', `source <> 'document' OR secret_digest IS NULL`)
@Index('oauth_clients_unused', ['createdAt'], { where: 'used_at IS NULL' })
export class OauthClient {
  @PrimaryColumn('text', { name: 'client_id' })
  clientId!: string;

  @Column('text')
  source!: ClientSource;

  @Column('jsonb')
  metadata!: ClientMetadata;

  @Column('bytea', { name: 'secret_digest', nullable: true })
  secretDigest!: Buffer | null;

  /** RFC 7592 section 3. */
  @Column('bytea', { name: 'registration_token_digest', nullable: true })
  registrationTokenDigest!: Buffer | null;

  /** What it may hold for itself by client credentials; only an operator gives any. */
  @Column('text', { name: 'own_scopes', array: true, default: () => `'{}'` })
  ownScopes!: string[];

  /** The resources it serves: it may introspect their tokens and exchange them. */
  @Column('text', { array: true, default: () => `'{}'` })
  serves!: string[];

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;

  /** Its first completed grant. One that never had any is reaped. */
  @Column('timestamptz', { name: 'used_at', nullable: true })
  usedAt!: Date | null;

  @Column('timestamptz', { name: 'fetched_at', nullable: true })
  fetchedAt!: Date | null;

  @Column('timestamptz', { name: 'fresh_until', nullable: true })
  freshUntil!: Date | null;
}
