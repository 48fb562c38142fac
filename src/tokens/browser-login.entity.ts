import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';

/** The cookie of a person signed in at the pages, known only by its digest. It lives as long as its session. */
@Entity('browser_logins')
@Check('browser_logins_digest_is_sha256', 'octet_length(digest) = 32')
@ForeignKey('sessions', ['sessionId'], ['id'], { name: 'browser_logins_session_fk', onDelete: 'CASCADE' })
@Index('browser_logins_session_id', ['sessionId'])
export class BrowserLogin {
  @PrimaryColumn('bytea')
  digest!: Buffer;

  @Column('uuid', { name: 'session_id' })
  sessionId!: string;

  /** When the person last proved who they are (OpenID Connect Core, `auth_time`). */
  @Column('timestamptz', { name: 'signed_in_at' })
  signedInAt!: Date;
}
