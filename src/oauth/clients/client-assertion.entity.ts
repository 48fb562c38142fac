import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** A client assertion that was used (RFC 7523 section 3, `jti`): the primary key makes a second use fail. */
@Entity('client_assertions')
@Index('client_assertions_expires_at', ['expiresAt'])
export class ClientAssertion {
  @PrimaryColumn('text', { name: 'client_id' })
  clientId!: string;

  @PrimaryColumn('text')
  jti!: string;

  @Column('timestamptz', { name: 'expires_at' })
  expiresAt!: Date;
}
