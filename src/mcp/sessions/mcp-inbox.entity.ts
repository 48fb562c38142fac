import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';

/** What a client said to a call that another replica serves: an answer, a cancellation. */
@Entity('mcp_inbox')
@ForeignKey('mcp_sessions', ['sessionId'], ['id'], { name: 'mcp_inbox_session_fk', onDelete: 'CASCADE' })
@Index('mcp_inbox_address', ['address'])
@Index('mcp_inbox_session_id', ['sessionId'])
@Index('mcp_inbox_created_at', ['createdAt'])
export class McpInboxMessage {
  @PrimaryColumn('uuid')
  id!: string;

  @Column('text')
  address!: string;

  @Column('uuid', { name: 'session_id' })
  sessionId!: string;

  @Column('json')
  message!: unknown;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;
}
