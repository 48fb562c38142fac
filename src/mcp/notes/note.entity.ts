import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';

/** A note of a user. */
@Entity('notes')
@ForeignKey('users', ['userId'], ['id'], { name: 'notes_user_fk', onDelete: 'CASCADE' })
@Check('notes_title_length', 'length(title) BETWEEN 1 AND 200')
@Check('notes_body_length', 'length(body) <= 100000')
@Index('notes_user_id', ['userId', 'updatedAt'])
export class Note {
  @PrimaryColumn('uuid')
  id!: string;

  @Column('uuid', { name: 'user_id' })
  userId!: string;

  @Column('text')
  title!: string;

  @Column('text')
  body!: string;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;

  @Column('timestamptz', { name: 'updated_at' })
  updatedAt!: Date;
}
