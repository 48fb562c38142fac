import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';

/**
 * A refresh token, known by its session and its digest. The digest of a successor follows from the one before: no token can
 * have two.
 */
@Entity('refresh_tokens')
@ForeignKey('sessions', ['sessionId'], ['id'], { name: 'refresh_tokens_session_fk', onDelete: 'CASCADE' })
@Check('refresh_tokens_digest_is_sha256', 'octet_length(digest) = 32')
@Index('refresh_tokens_issued_at', ['issuedAt'])
export class RefreshToken {
  @PrimaryColumn('uuid', { name: 'session_id' })
  sessionId!: string;

  @PrimaryColumn('bytea')
  digest!: Buffer;

  @Column('timestamptz', { name: 'issued_at' })
  issuedAt!: Date;

  /** The idle end: issue plus REFRESH_IDLE_TTL, never past the session's. */
  @Column('timestamptz', { name: 'expires_at' })
  expiresAt!: Date;

  @Column('timestamptz', { name: 'used_at', nullable: true })
  usedAt!: Date | null;
}
