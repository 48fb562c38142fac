import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';

/** An agent's key, known only by its digest. A revoked one stays, so that its id never comes back. */
@Entity('api_keys')
@ForeignKey('users', ['userId'], ['id'], { name: 'api_keys_user_fk', onDelete: 'CASCADE' })
@Check('api_keys_name_length', 'length(name) BETWEEN 1 AND 100')
@Check('api_keys_digest_is_sha256', 'octet_length(digest) = 32')
@Check('api_keys_previous_has_end', '(previous_digest IS NULL) = (previous_expires_at IS NULL)')
@Index('api_keys_user_id', ['userId'])
@Index('api_keys_changed_at', ['changedAt'])
export class ApiKey {
  @PrimaryColumn('uuid')
  id!: string;

  @Column('uuid', { name: 'user_id' })
  userId!: string;

  @Column('text')
  name!: string;

  @Column('bytea')
  digest!: Buffer;

  /** The secret before the last rotation, good until `previousExpiresAt`. */
  @Column('bytea', { name: 'previous_digest', nullable: true })
  previousDigest!: Buffer | null;

  @Column('timestamptz', { name: 'previous_expires_at', nullable: true })
  previousExpiresAt!: Date | null;

  @Column('text')
  resource!: string;

  @Column('text', { array: true })
  scopes!: string[];

  @Column('text', { name: 'allowed_cidrs', array: true, default: () => `'{}'` })
  allowedCidrs!: string[];

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;

  @Column('timestamptz', { name: 'expires_at', nullable: true })
  expiresAt!: Date | null;

  @Column('timestamptz', { name: 'rotated_at', nullable: true })
  rotatedAt!: Date | null;

  @Column('timestamptz', { name: 'revoked_at', nullable: true })
  revokedAt!: Date | null;

  /** Written every few seconds, not at every call. */
  @Column('timestamptz', { name: 'last_used_at', nullable: true })
  lastUsedAt!: Date | null;

  @Column('timestamptz', { name: 'changed_at', default: () => 'clock_timestamp()' })
  changedAt!: Date;
}
