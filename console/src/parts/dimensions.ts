import { major, payersHour } from '../format.ts';
import type { DecisionItem } from '../wire.ts';

/** The dimensions that an axis of the map can show. */
export type Dimension = 'time' | 'hour' | 'amount' | 'distance' | 'score' | 'travel' | 'percentile';

interface Scale {
  /** The place of a value on the axis, 0..1. */
  readonly share: (value: number) => number;
  readonly ticks: readonly number[];
}

interface DimensionRules {
  readonly label: string;
  readonly value: (item: DecisionItem) => number | null;
  readonly scale: (items: readonly DecisionItem[]) => Scale;
  readonly text: (value: number) => string;
}

const linear = (low: number, high: number, ticks: readonly number[]): Scale => ({
  share: (value) => Math.min(1, Math.max(0, (value - low) / (high - low))),
  ticks,
});

/** A logarithmic scale of whole decades from the least to the greatest value; smaller values are drawn at the bottom. */
const decades = (values: readonly number[], leastPower: number): Scale => {
  const [least, greatest] = extremes(values.filter((value) => value > 0));
  const low = Math.max(leastPower, Math.floor(Math.log10(least)));
  const high = Math.max(low + 2, Math.ceil(Math.log10(greatest)));
  return {
    share: (value) => Math.min(1, Math.max(0, (Math.log10(Math.max(value, 1e-9)) - low) / (high - low))),
    ticks: Array.from({ length: high - low + 1 }, (_, index) => 10 ** (low + index)),
  };
};

const extremes = (values: readonly number[]): readonly [number, number] => {
  let [least, greatest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    if (value < least) least = value;
    if (value > greatest) greatest = value;
  }
  return values.length === 0 ? [1, 10] : [least, greatest];
};

const compact = new Intl.NumberFormat('en', { notation: 'compact' });

const amount = (item: DecisionItem): number | null =>
  item.amountMinor === null || item.currency === null ? null : major(item.amountMinor, item.currency);
const decided = (item: DecisionItem): number => Date.parse(item.decidedAt);

export const dimensions: Readonly<Record<Dimension, DimensionRules>> = {
  time: {
    label: 'Time of decision',
    value: decided,
    scale: (items) => {
      const [least, greatest] = extremes(items.map(decided));
      const high = Math.max(greatest, least + 60_000);
      return linear(
        least,
        high,
        [0, 0.25, 0.5, 0.75, 1].map((share) => least + share * (high - least)),
      );
    },
    text: (value) => new Date(value).toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' }),
  },
  hour: {
    label: 'Hour, payer’s clock',
    value: (item) => (item.occurredAt === null ? null : payersHour(item.occurredAt)),
    scale: () => linear(0, 24, [0, 4, 8, 12, 16, 20, 24]),
    text: (value) => `${value} h`,
  },
  amount: {
    label: 'Amount',
    value: amount,
    scale: (items) =>
      decades(
        items.map(amount).filter((value) => value !== null),
        -2,
      ),
    text: (value) => compact.format(value),
  },
  distance: {
    label: 'Distance, km',
    value: (item) => (item.distanceKm === undefined || item.distanceKm === null ? null : Math.max(1, item.distanceKm)),
    scale: (items) =>
      decades(
        items.map((item) => item.distanceKm ?? 0),
        0,
      ),
    text: (value) => compact.format(value),
  },
  score: {
    label: 'Score',
    value: (item) => item.score,
    scale: () => linear(0, 100, [0, 20, 40, 60, 80, 100]),
    text: String,
  },
  travel: {
    label: 'Travel, km/h',
    value: (item) => (item.travelKmh === undefined || item.travelKmh === null ? null : Math.max(1, item.travelKmh)),
    scale: (items) =>
      decades(
        items.map((item) => item.travelKmh ?? 0),
        0,
      ),
    text: (value) => compact.format(value),
  },
  percentile: {
    label: 'Anomaly percentile',
    value: (item) => item.anomalyPercentile ?? null,
    scale: () => linear(0, 100, [0, 25, 50, 75, 100]),
    text: String,
  },
};

/** The size of a mark, 1 or more: large when the payment is far from the account's places. */
export const sizeOf = ({ distanceKm }: DecisionItem): number =>
  distanceKm === undefined || distanceKm === null ? 1 : 1 + 0.35 * Math.max(0, Math.log10(Math.max(distanceKm, 1)) - 1);

export const percentileSteps = 5;

/** The shade of an anomaly percentile. The last steps are narrow, because only high percentiles matter. */
export const shadeOf = (item: DecisionItem): string => {
  const percentile = item.anomalyPercentile ?? null;
  if (percentile === null) return 'none';
  return `p${percentileBounds.filter((bound) => percentile >= bound).length}`;
};

/** Lower bounds of the shades above the first. */
export const percentileBounds = [50, 80, 95, 99] as const;
