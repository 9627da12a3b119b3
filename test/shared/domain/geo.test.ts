import fc from 'fast-check';
import { expect, test } from 'vitest';
import { distanceKm } from '../../../shared/domain/geo.ts';

const at = (latitude: number, longitude: number) => ({ latitude, longitude });
const quarter = (Math.PI / 2) * 6371;

test.each([
  ['a place from itself', at(12.97, 77.59), at(12.97, 77.59), 0],
  ['the poles, half a circumference', at(90, 0), at(-90, 0), 2 * quarter],
  ['antipodes on the equator', at(0, 0), at(0, 180), 2 * quarter],
  ['the pole from the equator', at(90, 50), at(0, -20), quarter],
  ['a quarter along the equator', at(0, 0), at(0, 90), quarter],
  ['across the date line the short way', at(0, 179.5), at(0, -179.5), quarter / 90],
  ['a pole by any name', at(90, 0), at(90, 120), 0],
  ['a sixth of a turn at 60 degrees north is shorter than along the parallel', at(60, 0), at(60, 60), 2 * 6371 * Math.asin(0.25)],
])('%s', (_, a, b, km) => {
  expect(distanceKm(a, b)).toBeCloseTo(km, 6);
});

test('agrees with the law of cosines, both ways', () => {
  const place = fc.record({
    latitude: fc.double({ min: -90, max: 90, noNaN: true }),
    longitude: fc.double({ min: -180, max: 180, noNaN: true }),
  });
  const radians = (degrees: number) => (degrees * Math.PI) / 180;
  fc.assert(
    fc.property(place, place, (a, b) => {
      const cosine =
        Math.sin(radians(a.latitude)) * Math.sin(radians(b.latitude)) +
        Math.cos(radians(a.latitude)) * Math.cos(radians(b.latitude)) * Math.cos(radians(b.longitude - a.longitude));
      // The law of cosines itself is blind below a few hundred metres.
      expect(Math.abs(distanceKm(a, b) - 6371 * Math.acos(Math.max(-1, Math.min(1, cosine))))).toBeLessThan(0.5);
      expect(distanceKm(b, a)).toBeCloseTo(distanceKm(a, b), 6);
    }),
  );
});
