import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** A sign-in that is under way at a provider. Finishing it removes the row, so it is finished once. */
@Entity('upstream_logins')
@Index('upstream_logins_expires_at', ['expiresAt'])
export class UpstreamLogin {
  @PrimaryColumn('bytea', { name: 'state_digest' })
  stateDigest!: Buffer;

  @Column('text')
  provider!: string;

  @Column('bytea', { name: 'browser_digest' })
  browserDigest!: Buffer;

  /** The PKCE verifier, the nonce and where to go on, under the master key. */
  @Column('bytea')
  sealed!: Buffer;

  @Column('timestamptz', { name: 'expires_at' })
  expiresAt!: Date;
}
