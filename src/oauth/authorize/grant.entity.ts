import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';

/** What a person allowed a client to do at a resource, remembered. Revoking it ends every session that hangs from it. */
@Entity('grants')
@ForeignKey('users', ['userId'], ['id'], { name: 'grants_user_fk', onDelete: 'CASCADE' })
@Index('grants_one_living', ['userId', 'clientId', 'resource'], { unique: true, where: 'revoked_at IS NULL' })
export class Grant {
  @PrimaryColumn('uuid')
  id!: string;

  @Column('uuid', { name: 'user_id' })
  userId!: string;

  @Column('text', { name: 'client_id' })
  clientId!: string;

  @Column('text')
  resource!: string;

  @Column('text', { array: true })
  scopes!: string[];

  @Column('text', { name: 'redirect_uris', array: true })
  redirectUris!: string[];

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;

  @Column('timestamptz', { name: 'updated_at' })
  updatedAt!: Date;

  @Column('timestamptz', { name: 'revoked_at', nullable: true })
  revokedAt!: Date | null;
}
