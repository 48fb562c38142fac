import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance } from 'fastify';
import { Clock } from '../../crypto/clock.js';
import { uuidv7 } from '../../crypto/uuid.js';
import { ToolgateError } from '../../errors/toolgate-error.js';
import { type AuditEvent, type AuditRecord, auditRecord } from './audit-event.js';
import { AuditWriter } from './audit-writer.js';

/** What may wait for Postgres: 10,000 records are some seconds of full load, and at most some tens of megabytes. */
export const MOST_WAITING = 10_000;
/** For what began while there was room. */
const RESERVE = 1000;
const BATCH = 500;
const FLUSH_MS = 500;
const RETRY_MS = 1000;
/** How long a stop tries to write what still waits. */
const CLOSING_MS = 5000;

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/**
 * Takes what was decided and writes it in batches, in the order in which it came. When Postgres is away until the queue is
 * full, nothing more is taken, and what may not run unrecorded is answered with 503. A stop writes the rest; what cannot be
 * written then goes to the log. A killed process loses what came in the last half second.
 */
@Injectable()
export class AuditTrail implements OnModuleInit {
  private readonly log = new Logger(AuditTrail.name);
  private readonly waiting: AuditRecord[] = [];
  private writing: Promise<void> | undefined;
  private timer: NodeJS.Timeout | undefined;
  private closed = false;

  constructor(
    private readonly writer: AuditWriter,
    private readonly clock: Clock,
    private readonly host: HttpAdapterHost,
  ) {}

  /** Fastify closes when the requests in flight are answered and before the database closes. */
  onModuleInit(): void {
    this.host.httpAdapter.getInstance<FastifyInstance>().addHook('onClose', async () => this.close());
  }

  /** @throws ToolgateError `unavailable` when it cannot be recorded: then it must not happen either. */
  record(event: AuditEvent): void {
    this.requireRoom();
    this.take(auditRecord(event, uuidv7(), this.clock.now()));
  }

  /** What has happened already: it is too late to refuse it, so what finds no room goes to the log. */
  note(event: AuditEvent): void {
    const audit = auditRecord(event, uuidv7(), this.clock.now());
    if (this.closed || this.waiting.length >= MOST_WAITING + RESERVE)
      this.log.error({ audit, reason: 'there is no room for it in the audit trail' });
    else this.take(audit);
  }

  /** @throws ToolgateError `unavailable` */
  requireRoom(): void {
    if (this.closed || this.waiting.length >= MOST_WAITING) {
      throw new ToolgateError('unavailable', {
        reason: this.closed ? 'the audit trail is closed' : 'too many audit records wait for Postgres',
        headers: { 'Retry-After': '5' },
      });
    }
  }

  private take(audit: AuditRecord): void {
    this.waiting.push(audit);
    this.schedule(FLUSH_MS);
  }

  /** Writes all that waits. Rejects when Postgres does; then everything is kept for the next try. */
  async flush(): Promise<void> {
    this.writing ??= this.write().finally(() => {
      this.writing = undefined;
    });
    return this.writing;
  }

  private async write(): Promise<void> {
    while (this.waiting.length > 0) {
      const batch = this.waiting.slice(0, BATCH);
      await this.writer.write(batch);
      this.waiting.splice(0, batch.length);
    }
  }

  private schedule(ms: number): void {
    if (this.closed) return;
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      void this.attempt();
    }, ms).unref();
  }

  private async attempt(): Promise<void> {
    try {
      await this.flush();
    } catch (error) {
      this.log.warn(`${this.waiting.length} audit records could not be written yet: ${String(error)}`);
      this.schedule(RETRY_MS);
    }
  }

  private async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.timer);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<'late'>((resolve) => {
      timer = setTimeout(() => {
        resolve('late');
      }, CLOSING_MS);
    });
    while (this.waiting.length > 0) {
      const tried = await Promise.race([this.flush().catch(() => pause(100)), late]);
      if (tried === 'late') break;
    }
    clearTimeout(timer);
    for (const audit of this.waiting) this.log.error({ audit, reason: 'not written before the stop' });
  }
}
