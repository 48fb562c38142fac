import type { MigrationInterface, QueryRunner } from 'typeorm';

const UP = [
  `CREATE TABLE users (
    id uuid PRIMARY KEY,
    email text NOT NULL,
    name text,
    password_hash text NOT NULL,
    scopes text[] NOT NULL,
    created_at timestamptz NOT NULL,
    disabled_at timestamptz,
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT users_email_shape CHECK (email ~ '^[^@[:space:]]+@[^@[:space:]]+$' AND length(email) <= 254),
    CONSTRAINT users_name_length CHECK (length(name) BETWEEN 1 AND 200)
  )`,
  `CREATE UNIQUE INDEX users_email_key ON users (lower(email))`,
  `CREATE INDEX users_changed_at ON users (changed_at)`,

  `CREATE TABLE sessions (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL,
    client_id text NOT NULL,
    resource text NOT NULL,
    scopes text[] NOT NULL,
    address inet,
    user_agent text,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz,
    revoked_reason text,
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT sessions_user_fk FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT sessions_expires_after_creation CHECK (expires_at > created_at),
    CONSTRAINT sessions_revoked_with_reason CHECK ((revoked_at IS NULL) = (revoked_reason IS NULL))
  )`,
  `CREATE INDEX sessions_user_id ON sessions (user_id)`,
  `CREATE INDEX sessions_revoked ON sessions (changed_at) WHERE revoked_at IS NOT NULL`,

  `CREATE TABLE refresh_tokens (
    digest bytea PRIMARY KEY,
    session_id uuid NOT NULL,
    parent_digest bytea,
    issued_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    CONSTRAINT refresh_tokens_session_fk FOREIGN KEY (session_id) REFERENCES sessions (id) ON DELETE CASCADE,
    CONSTRAINT refresh_tokens_one_successor UNIQUE (parent_digest),
    CONSTRAINT refresh_tokens_digest_is_sha256 CHECK (octet_length(digest) = 32)
  )`,
  `CREATE INDEX refresh_tokens_session_id ON refresh_tokens (session_id)`,

  `CREATE TABLE api_keys (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL,
    name text NOT NULL,
    digest bytea NOT NULL,
    previous_digest bytea,
    previous_expires_at timestamptz,
    resource text NOT NULL,
    scopes text[] NOT NULL,
    allowed_cidrs text[] NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL,
    expires_at timestamptz,
    rotated_at timestamptz,
    revoked_at timestamptz,
    last_used_at timestamptz,
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT api_keys_user_fk FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT api_keys_name_length CHECK (length(name) BETWEEN 1 AND 100),
    CONSTRAINT api_keys_digest_is_sha256 CHECK (octet_length(digest) = 32),
    CONSTRAINT api_keys_previous_has_end CHECK ((previous_digest IS NULL) = (previous_expires_at IS NULL))
  )`,
  `CREATE INDEX api_keys_user_id ON api_keys (user_id)`,
  `CREATE INDEX api_keys_changed_at ON api_keys (changed_at)`,

  `CREATE TABLE signing_keys (
    kid text PRIMARY KEY,
    algorithm text NOT NULL,
    state text NOT NULL,
    public_jwk jsonb NOT NULL,
    sealed_private_key bytea NOT NULL,
    created_at timestamptz NOT NULL,
    retired_at timestamptz,
    CONSTRAINT signing_keys_state CHECK (state IN ('next', 'active', 'retired')),
    CONSTRAINT signing_keys_algorithm CHECK (algorithm IN ('ES256', 'EdDSA', 'RS256')),
    CONSTRAINT signing_keys_retired_at CHECK ((state = 'retired') = (retired_at IS NOT NULL))
  )`,
  `CREATE UNIQUE INDEX signing_keys_one_active ON signing_keys (state) WHERE state = 'active'`,
  `CREATE UNIQUE INDEX signing_keys_one_next ON signing_keys (state) WHERE state = 'next'`,

  `CREATE TABLE rate_limits (
    key text PRIMARY KEY,
    points integer NOT NULL DEFAULT 0,
    expire bigint
  )`,
  `CREATE INDEX rate_limits_expire ON rate_limits (expire)`,

  `CREATE TABLE notes (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL,
    title text NOT NULL,
    body text NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT notes_user_fk FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT notes_title_length CHECK (length(title) BETWEEN 1 AND 200),
    CONSTRAINT notes_body_length CHECK (length(body) <= 100000)
  )`,
  `CREATE INDEX notes_user_id ON notes (user_id, updated_at)`,

  // changed_at is Postgres's own clock, whoever writes the row: replicas read it to learn what was revoked.
  `CREATE FUNCTION toolgate_stamp_change() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    NEW.changed_at := clock_timestamp();
    RETURN NEW;
  END $$`,
  `CREATE TRIGGER users_stamp_change BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION toolgate_stamp_change()`,
  `CREATE TRIGGER sessions_stamp_change BEFORE UPDATE OF revoked_at ON sessions FOR EACH ROW EXECUTE FUNCTION toolgate_stamp_change()`,
  `CREATE TRIGGER api_keys_stamp_change BEFORE UPDATE OF digest, previous_digest, scopes, allowed_cidrs, expires_at, revoked_at ON api_keys
    FOR EACH ROW EXECUTE FUNCTION toolgate_stamp_change()`,
];

const DOWN = [
  ...['notes', 'rate_limits', 'signing_keys', 'api_keys', 'refresh_tokens', 'sessions', 'users'].map(
    (table) => `DROP TABLE ${table}`,
  ),
  `DROP FUNCTION toolgate_stamp_change()`,
];

export class Initial1764000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of UP) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const statement of DOWN) await runner.query(statement);
  }
}
