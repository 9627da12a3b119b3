import { observeMoment, observeShare } from './decayed.ts';
import type { Decision } from './decision.ts';
import type { Outcome } from './outcome.ts';
import { profileFacts } from './profileFacts.ts';
import { updateProfile } from './profileUpdate.ts';
import { amountHalfLifeMs } from './signals/amountAnomaly.ts';
import { namedSignals, type SignalName } from './signals/names.ts';
import { isNight, nightHalfLifeMs } from './signals/unusualHour.ts';
import { addPayment } from './spanMerging.ts';
import type { Payment } from './spans.ts';
import { type AccountState, devicesMax, type KnownDevice, type KnownPlace, placesMax, type Usual } from './state.ts';
import { tokenOf } from './token.ts';
import type { Transaction } from './transaction.ts';
import { lateMs } from './window.ts';

/** The account after a decision. A BLOCKed payment counts towards velocity and towards nothing else. `head` is the hash of its entry. */
export function accountAfter(account: AccountState, decision: Decision, spendMinor: number | null, head: string): AccountState {
  const { transaction, outcome } = decision;
  const newestMs = Math.max(account.newestMs, transaction.occurredAtMs);
  const blocked = outcome === 'BLOCK';
  const committed = {
    ...account,
    sequence: decision.sequence,
    payments: account.payments + 1,
    head,
    newestMs,
    lastOutcome: outcome,
    spans: addPayment(account.spans, paymentOf(decision, spendMinor), newestMs, windowBytes(account, transaction)),
  };
  if (blocked) return committed;
  return {
    ...committed,
    amounts:
      spendMinor === null
        ? account.amounts
        : observeMoment(account.amounts, Math.log(Math.max(spendMinor, 1)), transaction.occurredAtMs, amountHalfLifeMs),
    nights: observeShare(account.nights, isNight(transaction), transaction.occurredAtMs, nightHalfLifeMs),
    devices:
      transaction.deviceId === null
        ? account.devices
        : withDevice(account.devices, tokenOf(transaction.deviceId, account.salt), transaction.occurredAtMs),
    ...withPlace(account, transaction, newestMs),
    usual: nextUsual(account.usual, namedSignals(decision.signals), account.payments),
    profile: updateProfile(account.profile, { ...profileFacts(transaction, spendMinor), blocked }),
  };
}

/** Bytes that the windows may take so that the state stays under one write unit: ids, devices and places are counted, the rest is estimated. */
const windowBytes = ({ devices, places }: AccountState, { accountId, userId }: Transaction): number =>
  Math.max(320, Math.min(600, 610 - accountId.length - userId.length - 8 * devices.length - 15 * places.length));

/** A committed payment as later windows see it. */
export const paymentOf = ({ transaction, outcome, triggered, late }: Decision, spendMinor: number | null): Payment => ({
  occurredAtMs: transaction.occurredAtMs,
  spendMinor: countedMinor(spendMinor, outcome),
  triggered,
  late,
});

/** What a payment adds to later sums. */
export const countedMinor = (spendMinor: number | null, outcome: Outcome): number =>
  outcome === 'BLOCK' || spendMinor === null ? 0 : spendMinor;

function withDevice(devices: readonly KnownDevice[], token: number, seenMs: number): readonly KnownDevice[] {
  const known = devices.find((device) => device.token === token);
  const lastSeenMs = known ? Math.max(known.lastSeenMs, seenMs) : seenMs;
  const others = known ? devices.filter((device) => device !== known) : devices;
  const at = others.findIndex((device) => device.lastSeenMs <= lastSeenMs);
  const next = at < 0 ? [...others, { token, lastSeenMs }] : [...others.slice(0, at), { token, lastSeenMs }, ...others.slice(at)];
  return next.slice(0, devicesMax);
}

/** Keeps the places of the last minute, which payments that arrive together still need, and the last place before them. */
function withPlace(
  account: AccountState,
  { location, occurredAtMs }: Transaction,
  newestMs: number,
): Pick<AccountState, 'places' | 'placesForgotten'> {
  const places: KnownPlace[] = account.places.slice();
  if (location) {
    let at = places.length;
    while (at > 0 && places[at - 1]!.atMs > occurredAtMs) at--;
    places.splice(at, 0, { ...location, atMs: occurredAtMs });
  }
  let forget = Math.max(0, places.length - placesMax);
  while (forget + 1 < places.length && places[forget + 1]!.atMs <= newestMs - lateMs) forget++;
  return { places: places.slice(forget), placesForgotten: account.placesForgotten || forget > 0 };
}

/** Payments over which the usual values of an account average. */
const usualSpan = 20;

function nextUsual(usual: Usual, signals: Readonly<Record<SignalName, number | null>>, payments: number): Usual {
  const share = 1 / Math.min(usualSpan, payments + 1);
  const moved = (average: number, value: number | null): number =>
    value === null ? average : Math.fround(average + (value - average) * share);
  return {
    spend24hMinor: moved(usual.spend24hMinor, signals.TOTAL_SPEND_24H),
    count1h: moved(usual.count1h, signals.TXN_VELOCITY_1H),
    count1m: moved(usual.count1m, signals.RAPID_BURST_1M),
  };
}
