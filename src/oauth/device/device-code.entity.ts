import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn, Unique } from 'typeorm';

export type DeviceState = 'pending' | 'allowed' | 'denied' | 'used';

/** A device's request to be let in (RFC 8628). Its user code is short, so only a keyed digest of it is stored. */
@Entity('device_codes')
@Unique('device_codes_one_user_code', ['userCodeMac'])
@Check('device_codes_state', `state IN ('pending', 'allowed', 'denied', 'used')`)
@Check('device_codes_allowed_by_someone', `(state IN ('allowed', 'used')) = (grant_id IS NOT NULL)`)
@ForeignKey('grants', ['grantId'], ['id'], { name: 'device_codes_grant_fk', onDelete: 'CASCADE' })
@Index('device_codes_expires_at', ['expiresAt'])
export class DeviceCode {
  @PrimaryColumn('bytea')
  digest!: Buffer;

  @Column('bytea', { name: 'user_code_mac' })
  userCodeMac!: Buffer;

  @Column('text', { name: 'client_id' })
  clientId!: string;

  @Column('text')
  resource!: string;

  @Column('text', { array: true })
  scopes!: string[];

  @Column('text')
  state!: DeviceState;

  @Column('uuid', { name: 'grant_id', nullable: true })
  grantId!: string | null;

  @Column('uuid', { name: 'user_id', nullable: true })
  userId!: string | null;

  /** How long the device must wait between polls; grows when it does not (RFC 8628 section 3.5). */
  @Column('integer', { name: 'interval_seconds' })
  intervalSeconds!: number;

  @Column('timestamptz', { name: 'polled_at', nullable: true })
  polledAt!: Date | null;

  @Column('timestamptz', { name: 'expires_at' })
  expiresAt!: Date;
}
