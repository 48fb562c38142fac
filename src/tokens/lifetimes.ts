import { Injectable } from '@nestjs/common';
import type { Config } from '../config/config.js';
import { InjectConfig } from '../config/config.token.js';

export const secondsAfter = (time: Date, seconds: number): Date => new Date(time.getTime() + seconds * 1000);

/** How long what is issued now may live. */
@Injectable()
export class Lifetimes {
  constructor(@InjectConfig() private readonly config: Config) {}

  /** The absolute end of a session begun at `now`. */
  sessionEnd(now: Date): Date {
    return secondsAfter(now, this.config.SESSION_TTL);
  }

  /** When a refresh token issued at `now` dies of disuse. */
  idleEnd(now: Date): Date {
    return secondsAfter(now, this.config.REFRESH_IDLE_TTL);
  }

  /** A refresh token used before this is reused, not retried. */
  replayWindowStart(now: Date): Date {
    return secondsAfter(now, -this.config.REFRESH_REPLAY_WINDOW);
  }
}
