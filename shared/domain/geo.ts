import type { Place } from './transaction.ts';

const earthRadiusKm = 6371;
const radians = Math.PI / 180;

/** Great-circle distance by the haversine formula (R. W. Sinnott, 1984) on a sphere of 6,371 km. */
export const distanceKm = (a: Place, b: Place): number => {
  const sinLatitude = Math.sin(((b.latitude - a.latitude) * radians) / 2);
  const sinLongitude = Math.sin(((b.longitude - a.longitude) * radians) / 2);
  const h = sinLatitude ** 2 + Math.cos(a.latitude * radians) * Math.cos(b.latitude * radians) * sinLongitude ** 2;
  return 2 * earthRadiusKm * Math.asin(Math.min(1, Math.sqrt(h)));
};
