import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';

/** What was sent on a stream, kept a few minutes so that a client may resume it at any replica. */
@Entity('mcp_events')
@ForeignKey('mcp_sessions', ['sessionId'], ['id'], { name: 'mcp_events_session_fk', onDelete: 'CASCADE' })
@Index('mcp_events_session_id', ['sessionId'])
@Index('mcp_events_created_at', ['createdAt'])
export class McpEvent {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'mcp_events_pk' })
  stream!: string;

  @PrimaryColumn('integer', { primaryKeyConstraintName: 'mcp_events_pk' })
  sequence!: number;

  @Column('uuid', { name: 'session_id' })
  sessionId!: string;

  /** Nothing in the first of a stream, from which a client resumes before it has heard any. */
  @Column('json', { nullable: true })
  message!: unknown;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;
}
