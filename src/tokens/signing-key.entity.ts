import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** A key that signs access tokens: `next` (published ahead of use), `active` (signs), `retired` (verifies what it signed). */
@Entity('signing_keys')
@Check('signing_keys_state', `state IN ('next', 'active', 'retired')`)
@Check('signing_keys_algorithm', `algorithm IN ('ES256', 'EdDSA', 'RS256')`)
@Check('signing_keys_retired_at', `(state = 'retired') = (retired_at IS NOT NULL)`)
@Index('signing_keys_one_active', ['state'], { unique: true, where: `state = 'active'` })
@Index('signing_keys_one_next', ['state'], { unique: true, where: `state = 'next'` })
export class SigningKeyRow {
  /** The RFC 7638 thumbprint of the public key. */
  @PrimaryColumn('text')
  kid!: string;

  @Column('text')
  algorithm!: string;

  @Column('text')
  state!: string;

  @Column('jsonb', { name: 'public_jwk' })
  publicJwk!: object;

  /** PKCS#8, sealed under the master key with the kid as context. */
  @Column('bytea', { name: 'sealed_private_key' })
  sealedPrivateKey!: Buffer;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;

  @Column('timestamptz', { name: 'retired_at', nullable: true })
  retiredAt!: Date | null;
}
