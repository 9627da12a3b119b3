import { describe, expect, it } from 'vitest';
import { labelledRows, type TrainingRow } from '../../../functions/train/build.ts';
import { learn } from '../../../functions/train/learn.ts';
import { rocAuc } from '../../../functions/train/metrics.ts';
import { learnedLayer } from '../../../shared/domain/learned.ts';
import { binOf, scorecardVariables } from '../../../shared/domain/scorecard.ts';
import { trainingRows } from './generated.ts';

const rows = trainingRows(4000, 1);
const learnRows = (given: readonly TrainingRow[], seed = 1) =>
  learn(
    labelledRows(given, () => 50),
    seed,
  );
const learned = learnRows(rows)!;
const layer = learnedLayer(learned);
const scoreOf = (row: TrainingRow) =>
  layer.score({ features: row.features as Float64Array, signals: row.signals, percentile: 50 });

describe('the learned layer', () => {
  it('gives reasons whose points add up to its own', () => {
    for (const row of rows.slice(0, 500)) {
      const { points, reasons } = scoreOf(row);
      expect(reasons.reduce((sum, reason) => sum + reason.points, 0)).toBeCloseTo(points, 9);
      expect(Math.round(points * 100) / 100).toBe(points);
    }
  });

  it('finds in fresh payments what only two features together tell', () => {
    const fresh = trainingRows(2000, 2);
    const labels = Uint8Array.from(fresh, (row) => (row.fraud ? 1 : 0));
    expect(
      rocAuc(
        Float64Array.from(fresh, (row) => scoreOf(row).points),
        labels,
      ),
    ).toBeGreaterThan(0.97);
    const alone = learnedLayer({ ...learned, combinations: null });
    const scores = fresh.map(
      (row) => alone.score({ features: row.features as Float64Array, signals: row.signals, percentile: 50 }).points,
    );
    expect(rocAuc(Float64Array.from(scores), labels)).toBeLessThan(0.9);
  });

  it('is the same to the bit for the same rows and seed', () => {
    expect(learnRows(rows)).toEqual(learned);
  });

  it.each([
    ['49 frauds', trainingRows(980, 1), null],
    ['50 frauds', trainingRows(1000, 1), 'learned'],
    ['50 frauds among too few honest payments', trainingRows(500, 1, 10), null],
  ])('stays off without enough labels: %s', (_, given, expected) => {
    expect(learnRows(given) === null ? null : 'learned').toBe(expected);
  });

  it('takes a signal that could not be computed for what it is, not for zero', () => {
    const blind = rows.map((row, i) => ({
      ...row,
      signals: row.signals.map((value, j) => (j === 0 && (row.fraud || i % 9 === 0) ? null : value)),
    }));
    const card = learnedLayer(learnRows(blind)!);
    const row = blind.find((one) => !one.fraud && one.signals[0] !== null)!;
    const points = (signals: readonly (number | null)[]) =>
      card.score({ features: row.features as Float64Array, signals, percentile: 50 }).points;
    expect(points([null, ...row.signals.slice(1)])).toBeGreaterThan(points(row.signals) + 5);
  });

  it('refuses a variable that the engine does not know', () => {
    const variables = [{ name: 'shoeSize', edges: [], points: [0], missing: 0 }];
    expect(() => learnedLayer({ scorecard: { base: 0, variables }, combinations: null })).toThrow(/shoeSize/);
    expect(scorecardVariables).not.toContain('ANOMALY');
  });

  it.each([
    ['below the first edge', 0, 0],
    ['on an edge', 1, 1],
    ['between edges', 1.5, 1],
    ['above the last', 9, 2],
  ])('puts a value %s into its bin', (_, value, bin) => {
    expect(binOf([1, 2], value)).toBe(bin);
  });
});
