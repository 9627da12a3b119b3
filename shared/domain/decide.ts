import { type AuditEntry, decisionEntry, type Sealer } from './audit.ts';
import { observeMoment, observeShare } from './decayed.ts';
import type { Anomaly, Decision, Degradation, Reason } from './decision.ts';
import { features } from './features.ts';
import { type MerchantFigures, noFigures } from './merchant.ts';
import type { AnomalyScore, ModelInForce } from './model.ts';
import { toBaseMinor } from './money.ts';
import type { Outcome } from './outcome.ts';
import type { CompiledPolicy } from './policy.ts';
import { hash32 } from './profile.ts';
import { updateProfile } from './profileUpdate.ts';
import { round4, round16 } from './round.ts';
import { ruleFacts } from './ruleFacts.ts';
import { signals } from './signals/all.ts';
import { amountHalfLifeMs, amountProfile } from './signals/amountAnomaly.ts';
import { signalNames } from './signals/names.ts';
import type { Reading, SignalInput } from './signals/signal.ts';
import { isNight, nightHalfLifeMs } from './signals/unusualHour.ts';
import { addPayment } from './spanMerging.ts';
import { openSpan, type Payment } from './spans.ts';
import { type AccountState, devicesMax, type KnownDevice, type KnownPlace, placesMax, type Usual } from './state.ts';
import { tokenOf } from './token.ts';
import type { Transaction } from './transaction.ts';
import { toHundredths, verdict } from './verdict.ts';
import { dayMs, lateMs } from './window.ts';
import { type RowsNeeded, rowsNeeded, windowSums } from './windowSums.ts';

/** One transaction as it came in, with what is known beside the account when it is decided. */
export interface Arrival {
  readonly transaction: Transaction;
  readonly receivedAtMs: number;
  readonly decidedAtMs: number;
  /** Labels of its merchant; null when they can't be read. Of no meaning without a merchant. */
  readonly merchant: MerchantFigures | null;
  /** Hit or not, by list name. */
  readonly lists: Readonly<Record<string, boolean>>;
}

export interface Judgement {
  readonly policy: CompiledPolicy;
  readonly model: ModelInForce;
  readonly sealer: Sealer;
}

/** Rows of the account's chain that an earlier step asked for; null for an entry that is no payment. */
export interface RowsRead {
  readonly fromSequence: number;
  readonly payments: readonly (Payment | null)[];
}

export type Step =
  | { readonly kind: 'rowsNeeded'; readonly rows: RowsNeeded }
  | { readonly kind: 'decided'; readonly account: AccountState; readonly decision: Decision; readonly entry: AuditEntry };

/**
 * The one function that decides: `(account, transaction, policy, model) -> (account', decision, audit entry)`. The queue, the
 * synchronous route, replay and the simulation all call it. Where a window's edge runs through payments that are no longer kept one by
 * one it asks for their rows; call it again with all rows read so far. It asks a bounded number of times.
 */
export function decide(account: AccountState, arrival: Arrival, judgement: Judgement, read: readonly RowsRead[] = []): Step {
  const { transaction } = arrival;
  const lateByMs = Math.max(0, account.newestMs - transaction.occurredAtMs);
  const late = lateByMs >= lateMs;
  const end = {
    endMs: late ? transaction.occurredAtMs : Math.max(account.newestMs, transaction.occurredAtMs),
    newestMs: account.newestMs,
  };
  let spans = account.spans;
  for (const { fromSequence, payments } of read) spans = openSpan(spans, account.sequence, fromSequence, payments);
  const rows = rowsNeeded(spans, account.sequence, end);
  if (rows) return { kind: 'rowsNeeded', rows };

  const { policy, model } = judgement;
  const spendMinor = toBaseMinor(transaction.amountMinor, transaction.currency, policy.policy.baseCurrency, policy.policy.rates);
  const sums = windowSums(spans, end);
  const merchant = transaction.merchantId === null ? noFigures : arrival.merchant;
  const seen = { transaction, spendMinor, account, sums, policy: policy.policy, merchant };
  const { readings, anomaly, vector, learned, degraded } = readSignals(seen, model, policy.policy.learnedWeight);
  const values = readings.map((reading) => reading.value);
  const result = verdict({
    policy,
    facts: ruleFacts({
      transaction,
      spendMinor,
      late,
      signals: values,
      lists: arrival.lists,
      account: { transactionCount: account.payments, ageDays: Math.max(0, arrival.receivedAtMs - account.firstSeenMs) / dayMs },
      merchant,
    }),
    signals: values,
    usual: readings.map((reading) => reading.usual),
    degraded,
    lateMs: lateByMs,
    learned,
  });

  const facts: Omit<Decision, 'hash'> = {
    transaction,
    receivedAtMs: arrival.receivedAtMs,
    decidedAtMs: arrival.decidedAtMs,
    outcome: result.outcome,
    score: result.score,
    previousOutcome: account.lastOutcome,
    reasons: result.reasons,
    signals: values,
    triggered: result.triggered,
    triggers24h: sums.triggers24h.map((times, i) => times + ((result.triggered >> i) & 1)),
    anomaly,
    features: Array.from(vector, round16),
    degraded: result.degraded,
    late,
    policyVersion: policy.version,
    modelVersion: model.model?.version ?? null,
    sequence: account.sequence + 1,
  };
  const entry = decisionEntry(
    facts,
    {
      chain: account.chain,
      previousHash: account.head,
      salt: account.salt,
      spendMinor,
      merchant: transaction.merchantId === null ? null : arrival.merchant,
      lists: Object.keys(arrival.lists).filter((name) => arrival.lists[name]),
      policyHash: policy.hash,
      modelHash: model.model?.hash ?? null,
    },
    judgement.sealer,
  );
  const decision = { ...facts, hash: entry.hash };
  // A late payment looked into the past for itself alone: the account keeps its merged spans.
  const next = learn({ ...account, spans: late ? account.spans : spans }, decision, spendMinor, entry.hash);
  return { kind: 'decided', account: next, decision, entry };
}

interface SignalsRead {
  readonly readings: readonly Reading[];
  readonly anomaly: Anomaly | null;
  readonly vector: Float64Array;
  readonly learned: Reason | null;
  readonly degraded: Degradation[];
}

type Seen = Omit<SignalInput, 'anomaly' | 'anomalyCause'>;

/** The model looks at what the other signals read, so ANOMALY comes last. */
function readSignals(seen: Seen, { model, degraded: modelFault }: ModelInForce, learnedWeight: number): SignalsRead {
  const readings: Reading[] = [];
  const degraded: Degradation[] = [];
  let score: AnomalyScore | null = null;
  let cause: Degradation['cause'] = modelFault ?? 'NO_MODEL';
  let learned: Reason | null = null;
  let vector: Float64Array = new Float64Array();
  for (const name of signalNames) {
    if (name === 'ANOMALY') vector = featuresOf(seen, readings);
    if (name === 'ANOMALY' && model) {
      try {
        score = model.score(vector);
        if (learnedWeight > 0 && model.learned)
          learned = learnedReason(
            model.learned.score({
              signals: [...readings.map((r) => r.value), round4(score.percentile)],
              features: vector,
              percentile: score.percentile,
            }).points,
            learnedWeight,
          );
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        score = null;
        cause = 'MODEL_INVALID';
      }
    }
    const reading = signals[name]({ ...seen, anomaly: score, anomalyCause: cause });
    readings.push(reading);
    if (reading.value === null) degraded.push({ part: name, cause: reading.cause });
  }
  if (score === null && cause !== 'NO_MODEL' && learnedWeight > 0) degraded.push({ part: 'MODEL', cause });
  return { readings, anomaly: score && roundedAnomaly(score), vector, learned, degraded };
}

/** The learned layer's reason: its points, and what of them the policy's weight counts. */
export const learnedReason = (points: number, weight: number): Reason => ({
  signal: 'MODEL',
  value: points,
  threshold: null,
  points: toHundredths(points * weight) / 100,
  usual: 0,
});

/** Every figure is rounded to 4 decimals; the largest share takes up what rounding left, so that they add up as before. */
function roundedAnomaly(score: AnomalyScore): Anomaly {
  const contributions = score.contributions.map(({ feature, points }) => ({ feature, points: round4(points) }));
  let left = 0;
  let largest = 0;
  for (const [i, { points }] of score.contributions.entries()) {
    left += points - contributions[i]!.points;
    if (Math.abs(points) > Math.abs(score.contributions[largest]!.points)) largest = i;
  }
  const top = contributions[largest];
  if (top) contributions[largest] = { feature: top.feature, points: round4(top.points + left) };
  return { score: round4(score.score), percentile: round4(score.percentile), contributions };
}

const positionOf = (name: (typeof signalNames)[number]): number => signalNames.indexOf(name);
const deviceAt = positionOf('NEW_DEVICE_USED');
const travelAt = positionOf('IMPOSSIBLE_TRAVEL');
const spendAt = positionOf('TOTAL_SPEND_24H');
const velocityAt = positionOf('TXN_VELOCITY_1H');
const burstAt = positionOf('RAPID_BURST_1M');

function featuresOf(seen: Seen, readings: readonly Reading[]): Float64Array {
  const { transaction, account, sums, merchant } = seen;
  return features({
    profile: account.profile,
    ...profileFacts(transaction, seen.spendMinor),
    counts: { last10m: sums.count10m + 1, last1h: (sums.count1h ?? 0) + 1, last24h: (sums.count24h ?? 0) + 1 },
    spend24hMinor: readings[spendAt]!.value,
    amountProfile: amountProfile(seen),
    gapMs: account.payments === 0 ? null : Math.max(0, transaction.occurredAtMs - account.newestMs),
    speedKmh: readings[travelAt]!.value,
    isNewDevice: readings[deviceAt]!.value === 1,
    merchantRisk: { short: merchant?.riskShort ?? 0, long: merchant?.riskLong ?? 0 },
  });
}

const profileFacts = (transaction: Transaction, spendMinor: number | null) => ({
  occurredAtMs: transaction.occurredAtMs,
  offsetMinutes: transaction.offsetMinutes,
  spendMinor,
  deviceHash: transaction.deviceId === null ? null : hash32(transaction.deviceId),
  merchantHash: transaction.merchantId === null ? null : hash32(transaction.merchantId),
  categoryHash: transaction.merchantCategory === null ? null : hash32(transaction.merchantCategory),
  location: transaction.location,
});

/** The account after a decision. What was BLOCKed counts towards velocity and towards nothing else. */
function learn(account: AccountState, decision: Decision, spendMinor: number | null, head: string): AccountState {
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
    usual: nextUsual(account.usual, decision.signals, account.payments),
    profile: updateProfile(account.profile, { ...profileFacts(transaction, spendMinor), blocked }),
  };
}

/** What a state under one write unit leaves for the windows; its other parts are estimated; ids, devices and places counted. */
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

/** Kept are the places of the last minute, which payments in flight together still ask for, and the one before them. */
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

const usualSpan = 20;

function nextUsual(usual: Usual, values: readonly (number | null)[], payments: number): Usual {
  const share = 1 / Math.min(usualSpan, payments + 1);
  const moved = (average: number, value: number | null | undefined): number =>
    value === null || value === undefined ? average : Math.fround(average + (value - average) * share);
  return {
    spend24hMinor: moved(usual.spend24hMinor, values[spendAt]),
    count1h: moved(usual.count1h, values[velocityAt]),
    count1m: moved(usual.count1m, values[burstAt]),
  };
}
