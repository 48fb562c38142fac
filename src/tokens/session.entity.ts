import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';

/** One login, one grant to a client, or a client's own session. Every token issued hangs from it; revoking it ends them all. */
@Entity('sessions')
@ForeignKey('users', ['userId'], ['id'], { name: 'sessions_user_fk', onDelete: 'CASCADE' })
@Check('sessions_expires_after_creation', 'expires_at > created_at')
@Check('sessions_revoked_with_reason', '(revoked_at IS NULL) = (revoked_reason IS NULL)')
@ForeignKey('grants', ['grantId'], ['id'], { name: 'sessions_grant_fk', onDelete: 'CASCADE' })
@Index('sessions_user_id', ['userId'], { where: 'user_id IS NOT NULL' })
@Index('sessions_grant_id', ['grantId'], { where: 'grant_id IS NOT NULL' })
@Index('sessions_client_id', ['clientId'])
@Index('sessions_of_people_expire', ['expiresAt'], { where: 'user_id IS NOT NULL' })
@Index('sessions_of_clients_expire', ['expiresAt'], { where: 'user_id IS NULL' })
@Index('sessions_revoked', ['changedAt'], { where: 'revoked_at IS NOT NULL' })
export class Session {
  @PrimaryColumn('uuid')
  id!: string;

  /** Null: the client acts for itself (RFC 6749 section 4.4). */
  @Column('uuid', { name: 'user_id', nullable: true })
  userId!: string | null;

  /** The consent this hangs from; null for a login and for client credentials. */
  @Column('uuid', { name: 'grant_id', nullable: true })
  grantId!: string | null;

  @Column('text', { name: 'client_id' })
  clientId!: string;

  @Column('text')
  resource!: string;

  @Column('text', { array: true })
  scopes!: string[];

  @Column('inet', { nullable: true })
  address!: string | null;

  @Column('text', { name: 'user_agent', nullable: true })
  userAgent!: string | null;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;

  /** The absolute end, however much the session is used. */
  @Column('timestamptz', { name: 'expires_at' })
  expiresAt!: Date;

  @Column('timestamptz', { name: 'revoked_at', nullable: true })
  revokedAt!: Date | null;

  @Column('text', { name: 'revoked_reason', nullable: true })
  revokedReason!: string | null;

  @Column('timestamptz', { name: 'changed_at', default: () => 'clock_timestamp()' })
  changedAt!: Date;
}
