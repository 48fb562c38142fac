import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * A successor's digest follows from the token it succeeds, so the primary key alone keeps it the only one. What is not
 * stored again is neither indexed nor logged at each rotation.
 */
const UP = [
  `ALTER TABLE refresh_tokens DROP CONSTRAINT refresh_tokens_one_successor`,
  `ALTER TABLE refresh_tokens DROP COLUMN parent_digest`,
];

const DOWN = [
  `ALTER TABLE refresh_tokens ADD COLUMN parent_digest bytea`,
  `ALTER TABLE refresh_tokens ADD CONSTRAINT refresh_tokens_one_successor UNIQUE (parent_digest)`,
];

export class LeanRefreshTokens1765400000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of UP) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const statement of DOWN) await runner.query(statement);
  }
}
