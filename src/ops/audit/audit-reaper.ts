import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { Config } from '../../config/config.js';
import { InjectConfig } from '../../config/config.token.js';
import { Clock } from '../../crypto/clock.js';
import { AuditPartitions } from './audit-partitions.js';

const INTERVAL_MS = 3_600_000;
const DAY_MS = 86_400_000;

/** Lets the days past AUDIT_RETENTION_DAYS go; any number of replicas may do so at once. */
@Injectable()
export class AuditReaper implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly log = new Logger(AuditReaper.name);
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly partitions: AuditPartitions,
    private readonly clock: Clock,
    @InjectConfig() private readonly config: Config,
  ) {}

  onApplicationBootstrap(): void {
    const reap = () => {
      this.reap().catch((error: unknown) => {
        this.log.warn(`outlived audit records could not be removed yet: ${String(error)}`);
      });
    };
    this.timer = setInterval(reap, INTERVAL_MS).unref();
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
  }

  /** How many days were removed. */
  async reap(): Promise<number> {
    const kept = this.config.AUDIT_RETENTION_DAYS * DAY_MS;
    return this.partitions.dropBefore(new Date(this.clock.now().getTime() - kept));
  }
}
