import { dayMs } from './durations.ts';

/** RFC 3339 with 3 decimals in the given offset, `Z` for zero: how every instant of the API and of the audit chain is written. */
export function formatInstant(epochMs: number, offsetMinutes = 0): string {
  const localMs = epochMs + offsetMinutes * 60_000;
  const day = Math.floor(localMs / dayMs);
  const text = `${dateText(day)}T${clockText(localMs - day * dayMs)}`;
  if (offsetMinutes === 0) return `${text}Z`;
  const minutes = Math.abs(offsetMinutes);
  return `${text}${offsetMinutes < 0 ? '-' : '+'}${twoDigits[Math.floor(minutes / 60)]}:${twoDigits[minutes % 60]}`;
}

const twoDigits: readonly string[] = Array.from({ length: 60 }, (_, value) => String(value).padStart(2, '0'));

const clockText = (ms: number): string => {
  const seconds = Math.floor(ms / 1000);
  const minutes = Math.floor(seconds / 60);
  const rest = ms - seconds * 1000;
  const decimals = rest < 100 ? `0${twoDigits[Math.floor(rest / 10)]!.slice(1)}${rest % 10}` : String(rest);
  return `${twoDigits[Math.floor(minutes / 60)]}:${twoDigits[minutes % 60]}:${twoDigits[seconds % 60]}.${decimals}`;
};

let dateDay = Number.NaN;
let date = '';

/** Payments that follow each other are mostly of one day: the last date is kept. */
const dateText = (day: number): string => {
  if (day !== dateDay) {
    date = new Date(day * dayMs).toISOString().slice(0, -'T00:00:00.000Z'.length);
    dateDay = day;
  }
  return date;
};
