import type { MigrationInterface, QueryRunner } from 'typeorm';

const UP = [
  // Who signs in through a provider alone has no password.
  `ALTER TABLE users ALTER COLUMN password_hash DROP NOT NULL`,
  `ALTER TABLE users ADD COLUMN email_verified_at timestamptz`,

  `CREATE TABLE resources (
    identifier text PRIMARY KEY,
    name text NOT NULL,
    scopes jsonb NOT NULL,
    default_scopes text[] NOT NULL,
    tools jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT resources_identifier_is_url CHECK (identifier ~ '^https?://[^#]+$'),
    CONSTRAINT resources_lists CHECK (jsonb_typeof(scopes) = 'array' AND jsonb_typeof(tools) = 'array')
  )`,

  `CREATE TABLE oauth_clients (
    client_id text PRIMARY KEY,
    source text NOT NULL,
    metadata jsonb NOT NULL,
    secret_digest bytea,
    registration_token_digest bytea,
    own_scopes text[] NOT NULL DEFAULT '{}',
    serves text[] NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL,
    used_at timestamptz,
    fetched_at timestamptz,
    fresh_until timestamptz,
    CONSTRAINT oauth_clients_source CHECK (source IN ('registered', 'configured', 'document')),
    CONSTRAINT oauth_clients_secret_is_sha256 CHECK (octet_length(secret_digest) = 32),
    CONSTRAINT oauth_clients_document_is_dated CHECK ((source = 'document') = (fetched_at IS NOT NULL)),
    CONSTRAINT oauth_clients_document_has_no_secret CHECK (source <> 'document' OR secret_digest IS NULL)
  )`,
  `CREATE INDEX oauth_clients_unused ON oauth_clients (created_at) WHERE used_at IS NULL`,

  `CREATE TABLE grants (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL,
    client_id text NOT NULL,
    resource text NOT NULL,
    scopes text[] NOT NULL,
    redirect_uris text[] NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    revoked_at timestamptz,
    CONSTRAINT grants_user_fk FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
  )`,
  `CREATE UNIQUE INDEX grants_one_living ON grants (user_id, client_id, resource) WHERE revoked_at IS NULL`,

  // A session without a user is a client's own (client credentials).
  `ALTER TABLE sessions ALTER COLUMN user_id DROP NOT NULL`,
  `ALTER TABLE sessions ADD COLUMN grant_id uuid`,
  `ALTER TABLE sessions ADD CONSTRAINT sessions_grant_fk FOREIGN KEY (grant_id) REFERENCES grants (id) ON DELETE CASCADE`,
  `CREATE INDEX sessions_grant_id ON sessions (grant_id)`,
  `CREATE INDEX sessions_client_id ON sessions (client_id)`,

  `CREATE TABLE authorization_codes (
    digest bytea PRIMARY KEY,
    request_id uuid NOT NULL,
    grant_id uuid NOT NULL,
    user_id uuid NOT NULL,
    client_id text NOT NULL,
    redirect_uri text NOT NULL,
    code_challenge text NOT NULL,
    resource text NOT NULL,
    scopes text[] NOT NULL,
    nonce text,
    signed_in_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    session_id uuid,
    CONSTRAINT authorization_codes_one_per_request UNIQUE (request_id),
    CONSTRAINT authorization_codes_grant_fk FOREIGN KEY (grant_id) REFERENCES grants (id) ON DELETE CASCADE,
    CONSTRAINT authorization_codes_session_fk FOREIGN KEY (session_id) REFERENCES sessions (id) ON DELETE CASCADE
  )`,
  `CREATE INDEX authorization_codes_expires_at ON authorization_codes (expires_at)`,

  `CREATE TABLE device_codes (
    digest bytea PRIMARY KEY,
    user_code_mac bytea NOT NULL,
    client_id text NOT NULL,
    resource text NOT NULL,
    scopes text[] NOT NULL,
    state text NOT NULL,
    grant_id uuid,
    user_id uuid,
    interval_seconds integer NOT NULL,
    polled_at timestamptz,
    expires_at timestamptz NOT NULL,
    CONSTRAINT device_codes_one_user_code UNIQUE (user_code_mac),
    CONSTRAINT device_codes_state CHECK (state IN ('pending', 'allowed', 'denied', 'used')),
    CONSTRAINT device_codes_allowed_by_someone CHECK ((state IN ('allowed', 'used')) = (grant_id IS NOT NULL)),
    CONSTRAINT device_codes_grant_fk FOREIGN KEY (grant_id) REFERENCES grants (id) ON DELETE CASCADE
  )`,
  `CREATE INDEX device_codes_expires_at ON device_codes (expires_at)`,

  `CREATE TABLE client_assertions (
    client_id text NOT NULL,
    jti text NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (client_id, jti)
  )`,
  `CREATE INDEX client_assertions_expires_at ON client_assertions (expires_at)`,

  `CREATE TABLE browser_logins (
    digest bytea PRIMARY KEY,
    session_id uuid NOT NULL,
    signed_in_at timestamptz NOT NULL,
    CONSTRAINT browser_logins_digest_is_sha256 CHECK (octet_length(digest) = 32),
    CONSTRAINT browser_logins_session_fk FOREIGN KEY (session_id) REFERENCES sessions (id) ON DELETE CASCADE
  )`,
  `CREATE INDEX browser_logins_session_id ON browser_logins (session_id)`,

  `CREATE TABLE upstream_identities (
    provider text NOT NULL,
    subject text NOT NULL,
    user_id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (provider, subject),
    CONSTRAINT upstream_identities_user_fk FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
  )`,
  `CREATE INDEX upstream_identities_user_id ON upstream_identities (user_id)`,

  `CREATE TABLE upstream_logins (
    state_digest bytea PRIMARY KEY,
    provider text NOT NULL,
    browser_digest bytea NOT NULL,
    sealed bytea NOT NULL,
    expires_at timestamptz NOT NULL
  )`,
  `CREATE INDEX upstream_logins_expires_at ON upstream_logins (expires_at)`,
];

const TABLES = [
  'upstream_logins', 'upstream_identities', 'browser_logins', 'client_assertions', 'device_codes', 'authorization_codes',
]; // prettier-ignore

const DOWN = [
  ...TABLES.map((table) => `DROP TABLE ${table}`),
  `DELETE FROM sessions WHERE user_id IS NULL`,
  `DROP INDEX sessions_client_id`,
  `ALTER TABLE sessions DROP COLUMN grant_id`,
  `ALTER TABLE sessions ALTER COLUMN user_id SET NOT NULL`,
  `DROP TABLE grants`,
  `DROP TABLE oauth_clients`,
  `DROP TABLE resources`,
  `ALTER TABLE users DROP COLUMN email_verified_at`,
  `DELETE FROM users WHERE password_hash IS NULL`,
  `ALTER TABLE users ALTER COLUMN password_hash SET NOT NULL`,
];

export class Oauth1764500000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of UP) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const statement of DOWN) await runner.query(statement);
  }
}
