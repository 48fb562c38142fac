import { Check, Column, Entity, PrimaryColumn } from 'typeorm';
import type { DescribedScope, DescribedTool } from './resource.js';

/** An MCP server that tokens are issued for. */
@Entity('resources')
@Check('resources_identifier_is_url', `identifier ~ '^https?://[^#]+$'`)
@Check('resources_lists', `jsonb_typeof(scopes) = 'array' AND jsonb_typeof(tools) = 'array'`)
export class ResourceRow {
  /** The canonical URI (RFC 8707 section 2): the `aud` of its tokens. */
  @PrimaryColumn('text')
  identifier!: string;

  @Column('text')
  name!: string;

  @Column('jsonb')
  scopes!: DescribedScope[];

  /** What a client gets that asks for no scope. */
  @Column('text', { name: 'default_scopes', array: true })
  defaultScopes!: string[];

  @Column('jsonb')
  tools!: DescribedTool[];

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;
}
