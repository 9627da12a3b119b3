import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatInstant } from '../../../shared/domain/time.ts';

const instant = Date.UTC(2026, 10, 20, 8, 15, 0, 7);

test.each([
  ['Z for no offset', 0, '2026-11-20T08:15:00.007Z'],
  ['an offset to the east', 330, '2026-11-20T13:45:00.007+05:30'],
  ['an offset to the west', -480, '2026-11-20T00:15:00.007-08:00'],
  ['an offset to the west with minutes', -210, '2026-11-20T04:45:00.007-03:30'],
  ['an offset under an hour', 45, '2026-11-20T09:00:00.007+00:45'],
  ['an offset under an hour to the west', -45, '2026-11-20T07:30:00.007-00:45'],
  ['the next day', 840, '2026-11-20T22:15:00.007+14:00'],
  ['the day before', -840, '2026-11-19T18:15:00.007-14:00'],
])('writes 3 decimals and %s', (_, offsetMinutes, text) => {
  expect(formatInstant(instant, offsetMinutes)).toBe(text);
  expect(Date.parse(text)).toBe(instant);
});

test('is in UTC unless an offset is given', () => {
  expect(formatInstant(instant)).toBe('2026-11-20T08:15:00.007Z');
});

test('writes what ECMAScript writes, at any millisecond of any day, whatever was written before', () => {
  fc.assert(
    fc.property(fc.integer({ min: Date.UTC(1969, 0, 1), max: Date.UTC(2100, 0, 1) }), fc.nat(172_800_000), (atMs, laterMs) => {
      for (const ms of [atMs, atMs + laterMs, atMs]) expect(formatInstant(ms)).toBe(new Date(ms).toISOString());
    }),
  );
});

test.each([0, 9, 10, 99, 100, 999, 59_999, 3_599_999, 86_399_999])('writes %d ms after midnight', (ms) => {
  expect(formatInstant(instant - (instant % 86_400_000) + ms)).toBe(
    new Date(instant - (instant % 86_400_000) + ms).toISOString(),
  );
});
