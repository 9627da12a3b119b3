import { expect, test } from 'vitest';
import { observeShare } from '../../../../shared/domain/decayed.ts';
import { nightHalfLifeMs, unusualHour } from '../../../../shared/domain/signals/unusualHour.ts';
import { signalInput, t0 } from './input.ts';

/** An instant at which a clock with this offset shows the given time. */
const localClock = (hours: number, minutes: number, seconds: number, ms: number, offsetMinutes: number): number =>
  Date.UTC(2026, 10, 20, hours, minutes, seconds, ms) - offsetMinutes * 60_000;

test.each([
  ['00:59:59.999 is not night', 0, 59, 59, 999, 0],
  ['01:00 is night', 1, 0, 0, 0, 1],
  ['04:59:59.999 is night', 4, 59, 59, 999, 1],
  ['05:00 is not night', 5, 0, 0, 0, 0],
  ['13:00 is not night', 13, 0, 0, 0, 0],
])('%s, whatever the offset', (_, hours, minutes, seconds, ms, value) => {
  for (const offsetMinutes of [0, 330, -480, 840, -840, 345]) {
    const occurredAtMs = localClock(hours, minutes, seconds, ms, offsetMinutes);
    expect(unusualHour(signalInput({ transaction: { occurredAtMs, offsetMinutes } })).value).toBe(value);
  }
});

test.each([
  ['with no payments yet it is unusual', 0, 0, 1],
  ['with no payments at night it is unusual', 40, 0, 1],
  ['just under 5 % at night it is unusual', 20, 0.9999, 1],
  ['at 5 % it is usual', 20, 1, 0],
  ['above 5 % it is usual', 20, 1.0001, 0],
])('%s', (_, weight, part, value) => {
  const occurredAtMs = localClock(2, 30, 0, 0, 0);
  const nights = { atMs: t0, weight, part };
  expect(unusualHour(signalInput({ transaction: { occurredAtMs, offsetMinutes: 0 }, account: { nights } })).value).toBe(value);
});

test('what is usual is the share of nights in percent, once the account has paid before', () => {
  const nights = { atMs: t0, weight: 30, part: 1 };
  expect(unusualHour(signalInput({ account: { nights, payments: 30 } })).usual).toBe(3.3333);
  expect(unusualHour(signalInput({ account: { nights, payments: 0 } })).usual).toBeNull();
});

test('a night of 45 days ago counts half as much as a payment of today', () => {
  const occurredAtMs = t0 + 45 * 86_400_000;
  const night = observeShare({ atMs: t0, weight: 1, part: 1 }, false, occurredAtMs, nightHalfLifeMs);
  expect(unusualHour(signalInput({ account: { nights: night, payments: 2 } })).usual).toBe(33.3333);
});
