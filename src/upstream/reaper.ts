import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { UpstreamLoginsRepository } from './upstream-logins.repository.js';

const INTERVAL_MS = 10 * 60_000;

/** Removes sign-ins that were begun and never finished. */
@Injectable()
export class UpstreamReaper implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly log = new Logger(UpstreamReaper.name);
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly logins: UpstreamLoginsRepository) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => {
      this.logins.reap().catch((error: unknown) => {
        this.log.warn(`unfinished sign-ins could not be removed: ${String(error)}`);
      });
    }, INTERVAL_MS).unref();
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
  }
}
