import { Injectable, Logger } from '@nestjs/common';
import { AuditRepository } from './audit.repository.js';
import { AuditPartitions } from './audit-partitions.js';
import type { AuditRecord } from './audit-event.js';

/** Postgres appendix A: no partition takes the row (a check_violation), and what is wrong with the data itself. */
const NO_PARTITION = '23514';
const BAD_DATA = /^2[23]/;

const sqlState = (error: unknown): string => {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : '';
};

/** One batch into the table, with the partitions that it needs. */
@Injectable()
export class AuditWriter {
  private readonly log = new Logger(AuditWriter.name);

  constructor(
    private readonly repository: AuditRepository,
    private readonly partitions: AuditPartitions,
  ) {}

  async write(batch: readonly AuditRecord[]): Promise<void> {
    try {
      await this.insert(batch);
    } catch (error) {
      if (!BAD_DATA.test(sqlState(error))) throw error;
      // Another replica may have dropped the day of a record that waited long.
      this.partitions.forget();
      if (sqlState(error) === NO_PARTITION) await this.insert(batch);
      else await this.oneByOne(batch);
    }
  }

  private async insert(batch: readonly AuditRecord[]): Promise<void> {
    await this.partitions.ensure(batch.map(({ at }) => at));
    await this.repository.insert(batch);
  }

  /** A record that Postgres will never take must not hold up the others for ever: it goes to the log instead. */
  private async oneByOne(batch: readonly AuditRecord[]): Promise<void> {
    for (const audit of batch) {
      try {
        await this.insert([audit]);
      } catch (error) {
        if (!BAD_DATA.test(sqlState(error))) throw error;
        this.log.error({ audit, reason: `refused by the database: ${String(error)}` });
      }
    }
  }
}
