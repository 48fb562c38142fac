import type { MigrationInterface, QueryRunner } from 'typeorm';

/*
 * A session has one row for its refresh tokens, which rotates in place (docs/adr/0027). The tokens that can be used stay good; of
 * those used before nothing is known any more but that they are not good.
 */
const up = (schema: string): string[] => [
  // What is copied must not change before the triggers watch it.
  `LOCK TABLE users, sessions, refresh_tokens IN SHARE ROW EXCLUSIVE MODE`,

  // The functions find their tables in the schema of this migration, whoever fires them. They take their locks on tokens in the
  // order of sessions, as a batch of rotations does.

  // A disabled person's sessions end, whoever disables them, and so their row needs no second look.
  `CREATE FUNCTION toolgate_end_sessions() RETURNS trigger LANGUAGE plpgsql SET search_path = ${schema}, pg_temp AS $$
  BEGIN
    UPDATE sessions SET revoked_at = NEW.disabled_at, revoked_reason = 'user_disabled' WHERE user_id = NEW.id AND revoked_at IS NULL;
    RETURN NULL;
  END $$`,
  `CREATE TRIGGER users_end_sessions AFTER UPDATE OF disabled_at ON users
    FOR EACH ROW WHEN (OLD.disabled_at IS NULL AND NEW.disabled_at IS NOT NULL) EXECUTE FUNCTION toolgate_end_sessions()`,
  `UPDATE sessions s SET revoked_at = u.disabled_at, revoked_reason = 'user_disabled' FROM users u
   WHERE u.id = s.user_id AND u.disabled_at IS NOT NULL AND s.revoked_at IS NULL`,

  `ALTER TABLE refresh_tokens RENAME TO old_refresh_tokens`,
  `ALTER TABLE old_refresh_tokens RENAME CONSTRAINT refresh_tokens_pkey TO old_refresh_tokens_pkey`,
  // Columns that hardly ever change come first: of an update only what follows goes to the log.
  `CREATE TABLE refresh_tokens (
    session_id uuid NOT NULL,
    user_id uuid NOT NULL,
    session_expires_at timestamptz NOT NULL,
    client_id text NOT NULL,
    resource text NOT NULL,
    scopes text[] NOT NULL,
    user_scopes text[] NOT NULL,
    family_digest bytea NOT NULL,
    digest bytea NOT NULL,
    issued_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used bytea[] NOT NULL DEFAULT '{}',
    used_at timestamptz[] NOT NULL DEFAULT '{}',
    CONSTRAINT refresh_tokens_pkey PRIMARY KEY (session_id),
    CONSTRAINT refresh_tokens_session_fk FOREIGN KEY (session_id) REFERENCES sessions (id) ON DELETE CASCADE,
    CONSTRAINT refresh_tokens_digests_are_sha256 CHECK (octet_length(digest) = 32 AND octet_length(family_digest) = 32),
    CONSTRAINT refresh_tokens_used_with_time CHECK (cardinality(used) = cardinality(used_at)),
    CONSTRAINT refresh_tokens_within_session CHECK (expires_at <= session_expires_at)
  ) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02)`,
  // The family is not known from a digest: the first rotation says it. Until then nothing is of it, as no family's digest is a token's.
  `INSERT INTO refresh_tokens (session_id, user_id, session_expires_at, client_id, resource, scopes, user_scopes, family_digest,
                               digest, issued_at, expires_at)
   SELECT DISTINCT ON (t.session_id) t.session_id, s.user_id, s.expires_at, s.client_id, s.resource, s.scopes, u.scopes, t.digest,
          t.digest, t.issued_at, least(t.expires_at, s.expires_at)
   FROM old_refresh_tokens t JOIN sessions s ON s.id = t.session_id JOIN users u ON u.id = s.user_id
   WHERE t.used_at IS NULL AND s.revoked_at IS NULL
   ORDER BY t.session_id, t.issued_at DESC`,
  `DROP TABLE old_refresh_tokens`,

  `CREATE FUNCTION toolgate_end_refresh_token() RETURNS trigger LANGUAGE plpgsql SET search_path = ${schema}, pg_temp AS $$
  BEGIN
    PERFORM 1 FROM refresh_tokens t WHERE t.session_id IN (SELECT c.id FROM changed c WHERE c.revoked_at IS NOT NULL)
      ORDER BY t.session_id FOR UPDATE;
    DELETE FROM refresh_tokens t USING changed c WHERE t.session_id = c.id AND c.revoked_at IS NOT NULL;
    RETURN NULL;
  END $$`,
  `CREATE TRIGGER sessions_end_refresh_token AFTER UPDATE ON sessions REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION toolgate_end_refresh_token()`,
  `CREATE FUNCTION toolgate_copy_user_scopes() RETURNS trigger LANGUAGE plpgsql SET search_path = ${schema}, pg_temp AS $$
  BEGIN
    PERFORM 1 FROM refresh_tokens t JOIN sessions s ON s.id = t.session_id WHERE s.user_id = NEW.id
      ORDER BY t.session_id FOR UPDATE OF t;
    UPDATE refresh_tokens t SET user_scopes = NEW.scopes FROM sessions s WHERE s.user_id = NEW.id AND t.session_id = s.id;
    RETURN NULL;
  END $$`,
  `CREATE TRIGGER users_copy_scopes AFTER UPDATE OF scopes ON users
    FOR EACH ROW WHEN (OLD.scopes IS DISTINCT FROM NEW.scopes) EXECUTE FUNCTION toolgate_copy_user_scopes()`,
];

const DOWN = [
  `DROP TRIGGER users_copy_scopes ON users`,
  `DROP FUNCTION toolgate_copy_user_scopes()`,
  `DROP TRIGGER sessions_end_refresh_token ON sessions`,
  `DROP FUNCTION toolgate_end_refresh_token()`,
  `ALTER TABLE refresh_tokens RENAME TO new_refresh_tokens`,
  `ALTER TABLE new_refresh_tokens RENAME CONSTRAINT refresh_tokens_pkey TO new_refresh_tokens_pkey`,
  `CREATE TABLE refresh_tokens (
    digest bytea NOT NULL,
    session_id uuid NOT NULL,
    issued_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    CONSTRAINT refresh_tokens_pkey PRIMARY KEY (session_id, digest),
    CONSTRAINT refresh_tokens_session_fk FOREIGN KEY (session_id) REFERENCES sessions (id) ON DELETE CASCADE,
    CONSTRAINT refresh_tokens_digest_is_sha256 CHECK (octet_length(digest) = 32)
  ) WITH (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.02)`,
  `INSERT INTO refresh_tokens (digest, session_id, issued_at, expires_at)
   SELECT digest, session_id, issued_at, expires_at FROM new_refresh_tokens`,
  `DROP TABLE new_refresh_tokens`,
  `CREATE INDEX refresh_tokens_issued_at ON refresh_tokens (issued_at)`,
  `DROP TRIGGER users_end_sessions ON users`,
  `DROP FUNCTION toolgate_end_sessions()`,
];

export class OneTokenASession1767400000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    const [at] = (await runner.query('SELECT quote_ident(current_schema()) AS schema')) as {
      schema: string;
    }[];
    if (!at) throw new Error('Postgres named no schema');
    for (const statement of up(at.schema)) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const statement of DOWN) await runner.query(statement);
  }
}
