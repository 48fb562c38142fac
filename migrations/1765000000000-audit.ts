import type { MigrationInterface, QueryRunner } from 'typeorm';

const UP = [
  // One partition for each UTC day, made when its first record is written. No foreign keys: records outlive what they name.
  `CREATE TABLE audit_events (
    id uuid NOT NULL,
    at timestamptz NOT NULL,
    event text NOT NULL,
    outcome text NOT NULL,
    reason text,
    principal text,
    user_id uuid,
    client_id text,
    key_id uuid,
    session_id uuid,
    actor text,
    operation_kind text,
    operation text,
    request_id text NOT NULL,
    address text,
    arguments text,
    PRIMARY KEY (at, id),
    CONSTRAINT audit_events_outcome CHECK (outcome IN ('allowed', 'denied')),
    CONSTRAINT audit_events_denied_with_reason CHECK (outcome = 'allowed' OR reason IS NOT NULL),
    CONSTRAINT audit_events_principal CHECK (principal IN ('user', 'api_key', 'client'))
  ) PARTITION BY RANGE (at)`,
  `CREATE INDEX audit_events_user_id ON audit_events (user_id, at)`,
  `CREATE INDEX audit_events_denied ON audit_events (at, id) WHERE outcome = 'denied'`,
];

export class Audit1765000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of UP) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE audit_events`);
  }
}
