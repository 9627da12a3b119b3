import { minuteMs } from '../domain/durations.ts';

/** RFC 3339 as the contract narrows it. */

export { formatInstant } from '../domain/time.ts';

export interface Instant {
  /** Epoch milliseconds; finer decimals are cut. */
  readonly epochMs: number;
  /** Minutes east of UTC, -840..840. */
  readonly offsetMinutes: number;
}

const pattern = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:Z|([+-])(\d\d):(\d\d))$/;
const largestOffsetMinutes = 14 * 60;

/** Null when the text is not a date and time with an offset, or names a day, hour or offset that does not exist. */
export function parseInstant(text: string): Instant | null {
  const match = pattern.exec(text);
  if (match === null) return null;
  const [year, month, day, hour, minute, second] = [1, 2, 3, 4, 5, 6].map((group) => Number(match[group])) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  if (month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) return null;
  if (hour > 23 || minute > 59 || second > 59) return null;
  const offsetMinutes = offsetOf(match[8], match[9], match[10]);
  if (offsetMinutes === null) return null;
  const ms = Number((match[7] ?? '').padEnd(3, '0').slice(0, 3));
  const local = new Date(0);
  local.setUTCFullYear(year, month - 1, day);
  local.setUTCHours(hour, minute, second, ms);
  return { epochMs: local.getTime() - offsetMinutes * minuteMs, offsetMinutes };
}

function offsetOf(sign: string | undefined, hours: string | undefined, minutes: string | undefined): number | null {
  if (sign === undefined) return 0;
  const size = Number(hours) * 60 + Number(minutes);
  if (Number(minutes) > 59 || size > largestOffsetMinutes) return null;
  return size === 0 || sign === '+' ? size : -size;
}

function daysInMonth(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}
