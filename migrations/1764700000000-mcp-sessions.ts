import type { MigrationInterface, QueryRunner } from 'typeorm';

const UP = [
  `CREATE TABLE mcp_sessions (
    id uuid PRIMARY KEY,
    digest bytea NOT NULL,
    owner text NOT NULL,
    user_id uuid,
    initialize json NOT NULL,
    log_level text,
    subscriptions text[] NOT NULL DEFAULT '{}',
    last_event integer NOT NULL DEFAULT 0,
    listener uuid,
    created_at timestamptz NOT NULL,
    used_at timestamptz NOT NULL,
    CONSTRAINT mcp_sessions_digest_is_sha256 CHECK (octet_length(digest) = 32),
    CONSTRAINT mcp_sessions_subscriptions_few CHECK (cardinality(subscriptions) <= 1000),
    CONSTRAINT mcp_sessions_user_fk FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
  )`,
  `CREATE UNIQUE INDEX mcp_sessions_digest ON mcp_sessions (digest)`,
  `CREATE INDEX mcp_sessions_owner ON mcp_sessions (owner, used_at)`,
  `CREATE INDEX mcp_sessions_user_id ON mcp_sessions (user_id)`,
  `CREATE INDEX mcp_sessions_used_at ON mcp_sessions (used_at)`,

  `CREATE TABLE mcp_events (
    stream uuid NOT NULL,
    sequence integer NOT NULL,
    session_id uuid NOT NULL,
    message json,
    created_at timestamptz NOT NULL,
    CONSTRAINT mcp_events_pk PRIMARY KEY (stream, sequence),
    CONSTRAINT mcp_events_session_fk FOREIGN KEY (session_id) REFERENCES mcp_sessions (id) ON DELETE CASCADE
  )`,
  `CREATE INDEX mcp_events_session_id ON mcp_events (session_id)`,
  `CREATE INDEX mcp_events_created_at ON mcp_events (created_at)`,

  `CREATE TABLE mcp_inbox (
    id uuid PRIMARY KEY,
    address text NOT NULL,
    session_id uuid NOT NULL,
    message json NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT mcp_inbox_session_fk FOREIGN KEY (session_id) REFERENCES mcp_sessions (id) ON DELETE CASCADE
  )`,
  `CREATE INDEX mcp_inbox_address ON mcp_inbox (address)`,
  `CREATE INDEX mcp_inbox_session_id ON mcp_inbox (session_id)`,
  `CREATE INDEX mcp_inbox_created_at ON mcp_inbox (created_at)`,
];

/** Sessions of MCP clients of the 2025 revisions. */
export class McpSessions1764700000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of UP) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of ['mcp_inbox', 'mcp_events', 'mcp_sessions'])
      await runner.query(`DROP TABLE ${table}`);
  }
}
