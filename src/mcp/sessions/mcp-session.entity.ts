import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';

/** A session of a client of a 2025 revision. Its id is known by digest alone, and is the credential of nothing (spec R18). */
@Entity('mcp_sessions')
@ForeignKey('users', ['userId'], ['id'], { name: 'mcp_sessions_user_fk', onDelete: 'CASCADE' })
@Check('mcp_sessions_digest_is_sha256', 'octet_length(digest) = 32')
@Check('mcp_sessions_subscriptions_few', 'cardinality(subscriptions) <= 1000')
@Index('mcp_sessions_digest', ['digest'], { unique: true })
@Index('mcp_sessions_owner', ['owner', 'usedAt'])
@Index('mcp_sessions_user_id', ['userId'])
@Index('mcp_sessions_used_at', ['usedAt'])
export class McpSession {
  @PrimaryColumn('uuid')
  id!: string;

  @Column('bytea')
  digest!: Buffer;

  /** Who may use it: the subject and the client or key, so that a refreshed token still fits. */
  @Column('text')
  owner!: string;

  @Column('uuid', { name: 'user_id', nullable: true })
  userId!: string | null;

  /** The parameters of its `initialize`, replayed into the server that any replica builds for a request. */
  @Column('json')
  initialize!: Record<string, unknown>;

  @Column('text', { name: 'log_level', nullable: true })
  logLevel!: string | null;

  @Column('text', { array: true, default: () => `'{}'` })
  subscriptions!: string[];

  /** The last event of its own stream, which has the session's id. */
  @Column('integer', { name: 'last_event', default: 0 })
  lastEvent!: number;

  /** The one GET that is listening; a newer one takes its place. */
  @Column('uuid', { nullable: true })
  listener!: string | null;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;

  @Column('timestamptz', { name: 'used_at' })
  usedAt!: Date;
}
