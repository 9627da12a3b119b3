import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatInstant, parseInstant } from '../../../shared/contract/time.ts';

describe('instants', () => {
  it.each([
    ['Z', '2026-11-20T13:45:00Z', Date.UTC(2026, 10, 20, 13, 45), 0],
    ['an eastern offset', '2026-11-20T13:45:00.000+05:30', Date.UTC(2026, 10, 20, 8, 15), 330],
    ['a western offset', '2026-11-20T13:45:00-03:00', Date.UTC(2026, 10, 20, 16, 45), -180],
    ['the largest offset', '2026-11-20T13:45:00+14:00', Date.UTC(2026, 10, 19, 23, 45), 840],
    ['the offset -00:00 as none', '2026-11-20T13:45:00-00:00', Date.UTC(2026, 10, 20, 13, 45), 0],
    ['one decimal', '2026-11-20T13:45:00.5Z', Date.UTC(2026, 10, 20, 13, 45, 0, 500), 0],
    ['nine decimals, cut and not rounded', '2026-11-20T13:45:00.123999999Z', Date.UTC(2026, 10, 20, 13, 45, 0, 123), 0],
    ['a leap day', '2028-02-29T00:00:00Z', Date.UTC(2028, 1, 29), 0],
    ['a leap day of a century divisible by 400', '2000-02-29T00:00:00Z', Date.UTC(2000, 1, 29), 0],
  ])('reads %s', (_, text, epochMs, offsetMinutes) => {
    expect(parseInstant(text)).toEqual({ epochMs, offsetMinutes });
  });

  it.each([
    ['no offset', '2026-11-20T13:45:00'],
    ['no seconds', '2026-11-20T13:45Z'],
    ['a leap second', '2026-12-31T23:59:60Z'],
    ['hour 24', '2026-11-20T24:00:00Z'],
    ['minute 60', '2026-11-20T13:60:00Z'],
    ['a day that does not exist', '2026-02-29T00:00:00Z'],
    ['a leap day of a century', '2100-02-29T00:00:00Z'],
    ['31 April', '2026-04-31T00:00:00Z'],
    ['month 13', '2026-13-01T00:00:00Z'],
    ['month 0', '2026-00-01T00:00:00Z'],
    ['day 0', '2026-01-00T00:00:00Z'],
    ['an offset over 14:00', '2026-11-20T13:45:00+14:01'],
    ['an offset with minute 60', '2026-11-20T13:45:00+05:60'],
    ['an offset without colon', '2026-11-20T13:45:00+0530'],
    ['an offset of hours only', '2026-11-20T13:45:00+05'],
    ['a small t', '2026-11-20t13:45:00Z'],
    ['a small z', '2026-11-20T13:45:00z'],
    ['a space for T', '2026-11-20 13:45:00Z'],
    ['ten decimals', '2026-11-20T13:45:00.0123456789Z'],
    ['a dot without decimals', '2026-11-20T13:45:00.Z'],
    ['a comma for the dot', '2026-11-20T13:45:00,5Z'],
    ['a year of five digits', '12026-11-20T13:45:00Z'],
    ['a minus sign that is not ASCII', '2026-11-20T13:45:00\u221203:00'],
    ['digits that are not ASCII', '\u0662026-11-20T13:45:00Z'],
    ['text before', ' 2026-11-20T13:45:00Z'],
    ['a line break after', '2026-11-20T13:45:00Z\n'],
  ])('refuses %s', (_, text) => {
    expect(parseInstant(text)).toBeNull();
  });

  it.each([
    ['Z for no offset', 1795182300000, 0, '2026-11-20T13:45:00.000Z'],
    ['an eastern offset', 1795162500000, 330, '2026-11-20T13:45:00.000+05:30'],
    ['a western offset', 1795193100007, -180, '2026-11-20T13:45:00.007-03:00'],
  ])('writes %s', (_, epochMs, offsetMinutes, text) => {
    expect(formatInstant(epochMs, offsetMinutes)).toBe(text);
  });

  it('reads what it writes', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: Date.UTC(2000, 0, 1), max: Date.UTC(2099, 11, 31) }),
        fc.integer({ min: -840, max: 840 }),
        (epochMs, offsetMinutes) => {
          expect(parseInstant(formatInstant(epochMs, offsetMinutes))).toEqual({ epochMs, offsetMinutes });
        },
      ),
    );
  });

  it('agrees with Date on the instant', () => {
    fc.assert(
      fc.property(fc.date({ min: new Date('2000-01-01'), max: new Date('2099-01-01'), noInvalidDate: true }), (date) => {
        expect(parseInstant(date.toISOString())?.epochMs).toBe(date.getTime());
      }),
    );
  });
});
