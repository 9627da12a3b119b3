import { hourMs } from '../durations.ts';
import { distanceKm } from '../geo.ts';
import { round4 } from '../round.ts';
import type { KnownPlace } from '../state.ts';
import { missing, reading, type Signal, type SignalInput } from './signal.ts';

const distanceMinKm = 100;
const gapMinMs = 1000;

/** km/h needed since the account's latest place at or before this payment's time; 0 when near, or when no place was known. */
export const impossibleTravel: Signal = (input) => {
  const { transaction, account } = input;
  if (transaction.location === null) return reading(0);
  const before = latestPlace(input);
  if (before === null) return account.placesForgotten ? missing('LATE') : reading(0);
  const travelled = distanceKm(before, transaction.location);
  if (travelled < distanceMinKm) return reading(0);
  return reading(round4((travelled * hourMs) / Math.max(gapMinMs, transaction.occurredAtMs - before.atMs)));
};

/** Of places at the same time the last committed. */
function latestPlace({ transaction, account }: SignalInput): KnownPlace | null {
  for (let i = account.places.length - 1; i >= 0; i--)
    if (account.places[i]!.atMs <= transaction.occurredAtMs) return account.places[i]!;
  return null;
}
