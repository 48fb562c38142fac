import { Check, Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';

/**
 * The one refresh token of a session that can be used, and what its rotation needs to know, so that no other row is asked. A
 * trigger removes it with the end of its session, another follows its person's scopes (docs/adr/0027).
 */
@Entity('refresh_tokens')
@ForeignKey('sessions', ['sessionId'], ['id'], { name: 'refresh_tokens_session_fk', onDelete: 'CASCADE' })
@Check('refresh_tokens_digests_are_sha256', 'octet_length(digest) = 32 AND octet_length(family_digest) = 32')
@Check('refresh_tokens_used_with_time', 'cardinality(used) = cardinality(used_at)')
@Check('refresh_tokens_within_session', 'expires_at <= session_expires_at')
export class RefreshToken {
  @PrimaryColumn('uuid', { name: 'session_id' })
  sessionId!: string;

  // What hardly ever changes comes first: of an update only what follows goes to Postgres's log.
  @Column('uuid', { name: 'user_id' })
  userId!: string;

  @Column('timestamptz', { name: 'session_expires_at' })
  sessionExpiresAt!: Date;

  @Column('text', { name: 'client_id' })
  clientId!: string;

  @Column('text')
  resource!: string;

  @Column('text', { array: true })
  scopes!: string[];

  /** What the person may do at all. */
  @Column('text', { name: 'user_scopes', array: true })
  userScopes!: string[];

  /**
   * Of the secret that all tokens of the session share: a token that has it and is not this one was used
   * before, or made up by who had one. A token from before there were families has its own digest here until it is used.
   */
  @Column('bytea', { name: 'family_digest' })
  familyDigest!: Buffer;

  @Column('bytea')
  digest!: Buffer;

  @Column('timestamptz', { name: 'issued_at' })
  issuedAt!: Date;

  /** The idle end: issue plus REFRESH_IDLE_TTL, never past the session's. */
  @Column('timestamptz', { name: 'expires_at' })
  expiresAt!: Date;

  /** Digests of the tokens used last, the newest first, for the retries within the replay window. */
  @Column('bytea', { array: true, default: () => `'{}'` })
  used!: Buffer[];

  @Column('timestamptz', { name: 'used_at', array: true, default: () => `'{}'` })
  usedAt!: Date[];
}
