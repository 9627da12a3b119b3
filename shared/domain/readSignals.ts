import type { Anomaly, Degradation, Reason } from './decision.ts';
import { entityPart } from './entities.ts';
import { features } from './features.ts';
import type { AnomalyScore, CompiledModel, ModelInForce } from './model.ts';
import { profileFacts } from './profileFacts.ts';
import { round4 } from './round.ts';
import { type AccountSignalName, accountSignals } from './signals/all.ts';
import { amountProfile } from './signals/amountAnomaly.ts';
import { anomaly } from './signals/anomaly.ts';
import { type SignalName, signalNames } from './signals/names.ts';
import { missing, type Reading, type SignalInput } from './signals/signal.ts';
import { toHundredths } from './verdict.ts';

export interface SignalsRead {
  /** By position in the names asked for. */
  readonly readings: readonly Reading[];
  readonly anomaly: Anomaly | null;
  /** What the model was shown, by position in `featureNames`. */
  readonly features: Float64Array;
  /** The learned layer's reason; null when the policy gives it no weight or there is none. */
  readonly learned: Reason | null;
  readonly degraded: Degradation[];
}

/** Reads the signals, `names` of them, asks the model about them, and adds the model's own signal. */
export function readSignals(
  input: SignalInput,
  inForce: ModelInForce,
  learnedWeight: number,
  names: readonly SignalName[] = signalNames,
): SignalsRead {
  const ofAccount = readAccountSignals(input);
  const vector = featuresOf(input, ofAccount);
  const { score, cause, learned } = askModel(inForce, vector, ofAccount, learnedWeight);
  const byName = { ...ofAccount, ANOMALY: score === null ? missing(cause) : anomaly(score) };
  const readings = names.map((name) => byName[name]);

  const degraded: Degradation[] = [];
  for (const [i, reading] of readings.entries()) {
    if (reading.value === null) degraded.push({ part: signalNames[i]!, cause: reading.cause });
  }
  for (const { kind, cause } of input.entities) if (cause !== null) degraded.push({ part: entityPart(kind), cause });
  if (score === null && cause !== 'NO_MODEL' && learnedWeight > 0) degraded.push({ part: 'MODEL', cause });
  return { readings, anomaly: score && roundedAnomaly(score), features: vector, learned, degraded };
}

type AccountReadings = Readonly<Record<AccountSignalName, Reading>>;

function readAccountSignals(input: SignalInput): AccountReadings {
  const readings = {} as Record<AccountSignalName, Reading>;
  for (const [name, signal] of accountSignals) readings[name] = signal(input);
  return readings;
}

const inOrder = (readings: Readonly<Record<SignalName, Reading>>): readonly Reading[] =>
  signalNames.map((name) => readings[name]);

type ModelAnswer =
  | { readonly score: AnomalyScore; readonly cause: null; readonly learned: Reason | null }
  | { readonly score: null; readonly cause: Degradation['cause']; readonly learned: null };

/** A model that answers with a RangeError is invalid: its score and its learned layer are both left out. */
function askModel(inForce: ModelInForce, vector: Float64Array, ofAccount: AccountReadings, learnedWeight: number): ModelAnswer {
  if (inForce.model === null) return { score: null, cause: inForce.degraded, learned: null };
  try {
    const score = inForce.model.score(vector);
    const learned = learnedWeight > 0 ? askLearnedLayer(inForce.model, vector, ofAccount, score, learnedWeight) : null;
    return { score, cause: null, learned };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return { score: null, cause: 'MODEL_INVALID', learned: null };
  }
}

function askLearnedLayer(
  { learned }: CompiledModel,
  vector: Float64Array,
  ofAccount: AccountReadings,
  score: AnomalyScore,
  weight: number,
): Reason | null {
  if (learned === null) return null;
  const signals = inOrder({ ...ofAccount, ANOMALY: anomaly(score) }).map((reading) => reading.value);
  return learnedReason(learned.score({ signals, features: vector, percentile: score.percentile }).points, weight);
}

/** The learned layer's reason: its value is the layer's points, its own points are those times the policy's weight. */
export const learnedReason = (points: number, weight: number): Reason => ({
  signal: 'MODEL',
  value: points,
  threshold: null,
  points: toHundredths(points * weight) / 100,
  usual: 0,
});

/** Rounds every figure to 4 decimals; the largest share takes up the rounding error, so that the shares still add up to the score. */
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

function featuresOf(input: SignalInput, ofAccount: AccountReadings): Float64Array {
  const { transaction, account, sums, merchant } = input;
  return features({
    profile: account.profile,
    ...profileFacts(transaction, input.spendMinor),
    counts: { last10m: sums.count10m + 1, last1h: (sums.count1h ?? 0) + 1, last24h: (sums.count24h ?? 0) + 1 },
    spend24hMinor: ofAccount.TOTAL_SPEND_24H.value,
    amountProfile: amountProfile(input),
    gapMs: account.payments === 0 ? null : Math.max(0, transaction.occurredAtMs - account.newestMs),
    speedKmh: ofAccount.IMPOSSIBLE_TRAVEL.value,
    isNewDevice: ofAccount.NEW_DEVICE_USED.value === 1,
    entities: input.entities,
    merchantRisk: { short: merchant?.riskShort ?? 0, long: merchant?.riskLong ?? 0 },
  });
}
