import type { MigrationInterface, QueryRunner } from 'typeorm';

/*
 * A refresh token names its session (docs/adr/0025). What was issued before does not, and can no longer be found: people sign
 * in once more.
 */
const UP = [
  `TRUNCATE refresh_tokens`,
  `ALTER TABLE refresh_tokens DROP CONSTRAINT refresh_tokens_pkey`,
  `DROP INDEX refresh_tokens_session_id`,
  `ALTER TABLE refresh_tokens ADD CONSTRAINT refresh_tokens_pkey PRIMARY KEY (session_id, digest)`,
];

const DOWN = [
  `TRUNCATE refresh_tokens`,
  `ALTER TABLE refresh_tokens DROP CONSTRAINT refresh_tokens_pkey`,
  `ALTER TABLE refresh_tokens ADD CONSTRAINT refresh_tokens_pkey PRIMARY KEY (digest)`,
  `CREATE INDEX refresh_tokens_session_id ON refresh_tokens (session_id)`,
];

export class TokensBySession1767200000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of UP) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const statement of DOWN) await runner.query(statement);
  }
}
