import {
  type BeforeApplicationShutdown,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { KeysRepository } from './keys.repository.js';

const FLUSH_MS = 5000;
/** While Postgres is away, memory matters more than when a key was last used. */
const MOST_KEPT = 100_000;

/** When each key was last used, written in one statement every few seconds and at the stop. */
@Injectable()
export class KeyUsage implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly log = new Logger(KeyUsage.name);
  private uses = new Map<string, Date>();
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly keys: KeysRepository) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => void this.flush(), FLUSH_MS).unref();
  }

  async beforeApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await this.flush();
  }

  record(keyId: string, at: Date): void {
    if (this.uses.size < MOST_KEPT || this.uses.has(keyId)) this.uses.set(keyId, at);
  }

  async flush(): Promise<void> {
    if (this.uses.size === 0) return;
    const written = this.uses;
    this.uses = new Map();
    try {
      await this.keys.markUsed(written);
    } catch (error) {
      this.log.warn(`last use of ${written.size} keys could not be written yet: ${String(error)}`);
      // Kept for the next try, unless a later use is known by now.
      this.uses = new Map([...written, ...this.uses]);
    }
  }
}
