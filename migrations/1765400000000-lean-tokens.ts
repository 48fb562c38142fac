import type { MigrationInterface, QueryRunner } from 'typeorm';

const UP = [
  // A successor's digest follows from the token it succeeds, so the primary key alone keeps it the only one. What is not
  // stored again is neither indexed nor logged at each rotation.
  `ALTER TABLE refresh_tokens DROP CONSTRAINT refresh_tokens_one_successor`,
  `ALTER TABLE refresh_tokens DROP COLUMN parent_digest`,

  // What a client gets for itself has no row any more: it ends with the client or the resource, which are noted here.
  `CREATE TABLE removals (
    name text NOT NULL,
    removed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT removals_pkey PRIMARY KEY (name)
  )`,
  `CREATE INDEX removals_removed_at ON removals (removed_at)`,
];

const DOWN = [
  `DROP TABLE removals`,
  `ALTER TABLE refresh_tokens ADD COLUMN parent_digest bytea`,
  `ALTER TABLE refresh_tokens ADD CONSTRAINT refresh_tokens_one_successor UNIQUE (parent_digest)`,
];

export class LeanTokens1765400000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of UP) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const statement of DOWN) await runner.query(statement);
  }
}
