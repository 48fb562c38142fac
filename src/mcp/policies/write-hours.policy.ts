import { Injectable } from '@nestjs/common';
import type { Config } from '../../config/config.js';
import { InjectConfig } from '../../config/config.token.js';
import type { Hours } from '../../config/write-hours.js';
import { CallPolicy, type Policy, type PolicyCall, type PolicyDecision } from './policy.js';

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];

/** The day and the minute that a clock on the wall there shows. */
function wallClock(at: Date, format: Intl.DateTimeFormat): { day: number; minute: number } {
  const parts = new Map(format.formatToParts(at).map(({ type, value }) => [type, value]));
  const minute = Number(parts.get('hour')) * 60 + Number(parts.get('minute'));
  return { day: DAYS.indexOf(parts.get('weekday') ?? ''), minute };
}

/** Hours past midnight belong to the day on which they began. */
function within({ days, from, to }: Hours, { day, minute }: { day: number; minute: number }): boolean {
  if (from < to) return days.has(day) && minute >= from && minute < to;
  return (days.has(day) && minute >= from) || (days.has((day + 6) % 7) && minute < to);
}

/** What changes something waits for WRITE_HOURS; what reads is always allowed. */
@Injectable()
@CallPolicy('write-hours')
export class WriteHoursPolicy implements Policy {
  private readonly hours: Hours | undefined;
  private readonly format: Intl.DateTimeFormat;

  constructor(@InjectConfig() config: Config) {
    this.hours = config.WRITE_HOURS;
    this.format = new Intl.DateTimeFormat('en-US', {
      timeZone: this.hours?.timeZone ?? 'UTC',
      hourCycle: 'h23',
      weekday: 'short',
      hour: '2-digit',
      minute: '2-digit',
    });
  }

  decide({ operation, at }: PolicyCall): PolicyDecision {
    if (!this.hours || operation.readOnly || within(this.hours, wallClock(at, this.format)))
      return { allow: true };
    return { allow: false, reason: 'Tools that change something are closed at this hour. Reading is open.' };
  }
}
