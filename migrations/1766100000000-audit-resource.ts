import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Which server a call was for: since guards record theirs, it is no longer always the built-in one. */
export class AuditResource1766100000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE audit_events ADD COLUMN resource text`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE audit_events DROP COLUMN resource`);
  }
}
