import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** A person's account. */
@Entity('users')
@Check('users_email_shape', `email ~ '^[^@[:space:]]+@[^@[:space:]]+$' AND length(email) <= 254`)
@Check('users_name_length', `length(name) BETWEEN 1 AND 200`)
// On lower(email), which a decorator cannot say: the migration makes it.
@Index('users_email_key', { synchronize: false })
@Index('users_changed_at', ['changedAt'])
export class User {
  @PrimaryColumn('uuid')
  id!: string;

  /** As the person wrote it; unique without regard to case (index `users_email_key`). */
  @Column('text')
  email!: string;

  @Column('text', { nullable: true })
  name!: string | null;

  /** argon2id in PHC format: the parameters stand in the hash, so that they can be raised later. Null: signs in elsewhere. */
  @Column('text', { name: 'password_hash', nullable: true })
  passwordHash!: string | null;

  /** When someone proved to read mail at this address: never, or when a provider vouched for it. */
  @Column('timestamptz', { name: 'email_verified_at', nullable: true })
  emailVerifiedAt!: Date | null;

  @Column('text', { array: true })
  scopes!: string[];

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;

  @Column('timestamptz', { name: 'disabled_at', nullable: true })
  disabledAt!: Date | null;

  @Column('timestamptz', { name: 'changed_at', default: () => 'clock_timestamp()' })
  changedAt!: Date;
}
