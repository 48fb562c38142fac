import { Column, Entity, ForeignKey, Index, PrimaryColumn, Unique } from 'typeorm';

/** An authorization code, known only by its digest (RFC 6749 section 4.1.2). */
@Entity('authorization_codes')
@Unique('authorization_codes_one_per_request', ['requestId'])
@ForeignKey('grants', ['grantId'], ['id'], { name: 'authorization_codes_grant_fk', onDelete: 'CASCADE' })
@ForeignKey('sessions', ['sessionId'], ['id'], {
  name: 'authorization_codes_session_fk',
  onDelete: 'CASCADE',
})
@Index('authorization_codes_session_id', ['sessionId'], { where: 'session_id IS NOT NULL' })
@Index('authorization_codes_expires_at', ['expiresAt'])
export class AuthorizationCode {
  @PrimaryColumn('bytea')
  digest!: Buffer;

  /** The authorization request it answers: one request, one code. */
  @Column('uuid', { name: 'request_id' })
  requestId!: string;

  @Column('uuid', { name: 'grant_id' })
  grantId!: string;

  @Column('uuid', { name: 'user_id' })
  userId!: string;

  @Column('text', { name: 'client_id' })
  clientId!: string;

  @Column('text', { name: 'redirect_uri' })
  redirectUri!: string;

  /** S256 (RFC 7636 section 4.2). */
  @Column('text', { name: 'code_challenge' })
  codeChallenge!: string;

  @Column('text')
  resource!: string;

  @Column('text', { array: true })
  scopes!: string[];

  @Column('text', { nullable: true })
  nonce!: string | null;

  @Column('timestamptz', { name: 'signed_in_at' })
  signedInAt!: Date;

  @Column('timestamptz', { name: 'expires_at' })
  expiresAt!: Date;

  /** The session it became. Not null means used: a replay ends that session. */
  @Column('uuid', { name: 'session_id', nullable: true })
  sessionId!: string | null;
}
