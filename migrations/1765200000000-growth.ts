import type { MigrationInterface, QueryRunner } from 'typeorm';

const UP = [
  // What is to be removed is found by its age. A client's own session leaves sooner than a person's, so each has its index.
  `CREATE INDEX sessions_of_people_expire ON sessions (expires_at) WHERE user_id IS NOT NULL`,
  `CREATE INDEX sessions_of_clients_expire ON sessions (expires_at) WHERE user_id IS NULL`,
  // Sequential, and so cheap: used_at is not indexed, or marking a token used could not stay on its page.
  `CREATE INDEX refresh_tokens_issued_at ON refresh_tokens (issued_at)`,

  // A session that is removed takes its code with it.
  `CREATE INDEX authorization_codes_session_id ON authorization_codes (session_id) WHERE session_id IS NOT NULL`,

  // A client's own session has neither a person nor a grant.
  `DROP INDEX sessions_user_id`,
  `CREATE INDEX sessions_user_id ON sessions (user_id) WHERE user_id IS NOT NULL`,
  `DROP INDEX sessions_grant_id`,
  `CREATE INDEX sessions_grant_id ON sessions (grant_id) WHERE grant_id IS NOT NULL`,

  // Each row is updated once, on its page when there is room; what leaves is made room of before it is a fifth of the table.
  `ALTER TABLE refresh_tokens SET (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.02)`,
  `ALTER TABLE sessions SET (autovacuum_vacuum_scale_factor = 0.02)`,
];

const DOWN = [
  `ALTER TABLE sessions RESET (autovacuum_vacuum_scale_factor)`,
  `ALTER TABLE refresh_tokens RESET (fillfactor, autovacuum_vacuum_scale_factor)`,
  `DROP INDEX sessions_grant_id`,
  `CREATE INDEX sessions_grant_id ON sessions (grant_id)`,
  `DROP INDEX sessions_user_id`,
  `CREATE INDEX sessions_user_id ON sessions (user_id)`,
  `DROP INDEX authorization_codes_session_id`,
  `DROP INDEX refresh_tokens_issued_at`,
  `DROP INDEX sessions_of_clients_expire`,
  `DROP INDEX sessions_of_people_expire`,
];

export class Growth1765200000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of UP) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const statement of DOWN) await runner.query(statement);
  }
}
