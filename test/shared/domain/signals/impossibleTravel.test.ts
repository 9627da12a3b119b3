import { expect, test } from 'vitest';
import { seededRandomness } from '../../../../shared/adapters/memory/random.ts';
import { impossibleTravel } from '../../../../shared/domain/signals/impossibleTravel.ts';
import { payment } from '../../../simulation/world.ts';
import { oracle } from '../../../support/oracle.ts';
import { barePolicy } from '../../policy/fixtures.ts';
import { DrivenAccount } from '../driven.ts';
import { signalInput, t0 } from './input.ts';

const hourMs = 3_600_000;
/** On the equator a degree is a 360th of the circumference. */
const kmPerDegree = (2 * Math.PI * 6371) / 360;
const east = (degrees: number) => ({ latitude: 0, longitude: degrees });
const was = (degrees: number, agoMs: number) => ({ ...east(degrees), atMs: t0 - agoMs });
const travelled = (km: number) => km / kmPerDegree;

const speed = (places: ReturnType<typeof was>[], placesForgotten = false, location: ReturnType<typeof east> | null = east(0)) =>
  impossibleTravel(signalInput({ transaction: { location }, account: { places, placesForgotten } }));

test.each([
  ['is the distance over the time', [was(9, 2 * hourMs)], (9 * kmPerDegree) / 2],
  ['is 0 under 100 km, however fast', [was(travelled(99.999), 1)], 0],
  ['counts from 100 km on', [was(travelled(100.001), hourMs)], 100.001],
  ['is 0 when no place was known', [], 0],
  ['is 0 at the same place', [was(0, 1000)], 0],
  ['reads a gap of 0 as 1 s', [was(travelled(200), 0)], 200 * 3600],
  ['reads a gap of 999 ms as 1 s', [was(travelled(200), 999)], 200 * 3600],
  ['reads a gap of 1 s as it is', [was(travelled(200), 1000)], 200 * 3600],
  ['reads a gap of 1,001 ms as it is', [was(travelled(200), 1001)], (200 * 3_600_000) / 1001],
  ['takes the latest place before', [was(50, 2 * hourMs), was(travelled(500), hourMs)], 500],
  ['of places at the same time takes the last committed', [was(50, hourMs), was(travelled(300), hourMs)], 300],
  ['takes a place at the very time of the payment', [was(50, hourMs), was(travelled(300), 0)], 300 * 3600],
  ['does not look at places that come later', [was(travelled(400), hourMs), was(50, -1)], 400],
  ['is 0 when every place known comes later', [was(50, -1)], 0],
])('%s', (_, places, kmh) => {
  expect(speed(places).value).toBeCloseTo(kmh, 3);
});

test('goes the short way across the date line', () => {
  expect(speed([was(-179, hourMs)], false, east(179)).value).toBeCloseTo(2 * kmPerDegree, 3);
});

test('half the circumference is the most there is', () => {
  expect(speed([was(180, hourMs)]).value).toBeCloseTo(180 * kmPerDegree, 3);
});

test('is unknown when the place it needs was forgotten, and only then', () => {
  expect(speed([was(50, -1)], true)).toEqual({ value: null, usual: null, cause: 'LATE' });
  expect(speed([was(0, 1)], true).value).toBe(0);
});

test('is 0 without a place of its own, whatever was forgotten', () => {
  expect(speed([was(50, -1)], true, null)).toEqual({ value: 0, usual: null });
});

test('of fifty located payments in flight together each is measured from the latest place at or before its own time', () => {
  const account = new DrivenAccount();
  const random = seededRandomness(5);
  for (let i = 0; i < 50; i++) {
    const occurredAtMs = t0 + random.below(60_000);
    const paid = { ...payment(i), occurredAtMs, location: { latitude: random.below(80), longitude: random.below(80) } };
    const expected = oracle(account.committed, paid, paid.amountMinor, barePolicy);
    expect(account.pay(paid).named.IMPOSSIBLE_TRAVEL).toBeCloseTo(expected.IMPOSSIBLE_TRAVEL!, 2);
  }
});
