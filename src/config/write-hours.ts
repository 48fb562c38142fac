import { z } from 'zod';

/** A part of each week. Days are 0 (Sunday) to 6; minutes count from midnight, `to` excluded; past midnight when `to` <= `from`. */
export interface Hours {
  readonly days: ReadonlySet<number>;
  readonly from: number;
  readonly to: number;
  readonly timeZone: string;
}

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const FORMAT = /^([A-Za-z,-]+) ([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d) ([A-Za-z0-9_+/-]+)$/;

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

/** `Mon-Fri,Sun` as days; undefined when a day is unknown. A range may pass the end of the week. */
function daysOf(text: string): Set<number> | undefined {
  const days = new Set<number>();
  for (const part of text.split(',')) {
    const [first = '', last = first, ...rest] = part.split('-');
    const [from, to] = [DAYS.indexOf(first), DAYS.indexOf(last)];
    if (from < 0 || to < 0 || rest.length > 0) return undefined;
    for (let day = from; ; day = (day + 1) % 7) {
      days.add(day);
      if (day === to) break;
    }
  }
  return days;
}

/** `Mon-Fri 08:00-18:00 Europe/Berlin`. */
export const writeHours = z.string().transform((value, context): Hours => {
  const [, dayText = '', ...rest] = FORMAT.exec(value) ?? [];
  const [fromHour, fromMinute, toHour, toMinute] = rest.slice(0, 4).map(Number);
  const [days, timeZone] = [daysOf(dayText), rest[4] ?? ''];
  const [from, to] = [Number(fromHour) * 60 + Number(fromMinute), Number(toHour) * 60 + Number(toMinute)];
  if (!days || Number.isNaN(to) || to > 1440 || from === to || !isTimeZone(timeZone)) {
    context.addIssue({
      code: 'custom',
      message: 'must be days, hours and a time zone, such as Mon-Fri 08:00-18:00 Europe/Berlin',
    });
    return z.NEVER;
  }
  return { days, from, to, timeZone };
});

/** What a caller reads who comes at another time. */
export const CLOSED_NOW = 'Tools that change something are closed at this hour. Reading is open.';

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

/** Tells of a moment whether it is within the hours; without any, it always is. */
export function openHours(hours: Hours | undefined): (at: Date) => boolean {
  if (!hours) return () => true;
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: hours.timeZone,
    hourCycle: 'h23',
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
  });
  return (at) => within(hours, wallClock(at, format));
}
