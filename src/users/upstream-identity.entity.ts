import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';

/** Whose account a provider's subject is: the primary key decides between two first sign-ins at once. */
@Entity('upstream_identities')
@ForeignKey('users', ['userId'], ['id'], { name: 'upstream_identities_user_fk', onDelete: 'CASCADE' })
@Index('upstream_identities_user_id', ['userId'])
export class UpstreamIdentity {
  @PrimaryColumn('text')
  provider!: string;

  @PrimaryColumn('text')
  subject!: string;

  @Column('uuid', { name: 'user_id' })
  userId!: string;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;
}
