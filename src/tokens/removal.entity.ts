import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/**
 * A client or a resource that was removed: it ends the tokens that clients got for themselves, which have no row of their own
 * (docs/adr/0020). Kept until none of them can be alive.
 */
@Entity('removals')
@Index('removals_removed_at', ['removedAt'])
export class Removal {
  /** `client <client_id>` or `resource <identifier>`. */
  @PrimaryColumn('text')
  name!: string;

  @Column('timestamptz', { name: 'removed_at', default: () => 'clock_timestamp()' })
  removedAt!: Date;
}
