import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Clock } from '../../crypto/clock.js';
import { Inbox } from './inbox.js';
import { SessionEvents } from './session-events.js';
import { McpSessionsRepository } from './sessions.repository.js';

const INTERVAL_MS = 60_000;
/** For so long a client may come back for what it missed. */
const EVENTS_KEPT_MS = 10 * 60_000;

/** Removes sessions long unused and what was said in them; any number of replicas may do so at once. */
@Injectable()
export class McpSessionReaper implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly log = new Logger(McpSessionReaper.name);
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly sessions: McpSessionsRepository,
    private readonly events: SessionEvents,
    private readonly inbox: Inbox,
    private readonly clock: Clock,
  ) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => {
      this.reap().catch((error: unknown) => {
        this.log.warn(`ended MCP sessions could not be removed: ${String(error)}`);
      });
    }, INTERVAL_MS).unref();
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
  }

  async reap(): Promise<void> {
    const horizon = new Date(this.clock.now().getTime() - EVENTS_KEPT_MS);
    await this.events.reapBefore(horizon);
    await this.inbox.reapBefore(horizon);
    await this.sessions.reap();
  }
}
