import { expect, test } from 'vitest';
import { addLabel, merchantFigures, noLabels } from '../../../shared/domain/merchantLabels.ts';

const dayMs = 86_400_000;
const atMs = Date.UTC(2026, 0, 10);

test('a merchant without labels has no shares', () => {
  expect(merchantFigures(noLabels)).toEqual({ labelled: 0, frauds: 0, riskShort: null, riskLong: null });
});

test('labels of one time count alike', () => {
  const labels = [true, false, false, false].reduce((all, fraud) => addLabel(all, fraud, atMs), noLabels);
  expect(merchantFigures(labels)).toEqual({ labelled: 4, frauds: 1, riskShort: 0.25, riskLong: 0.25 });
});

test('a label weighs half as much 2 days later for the short share, 10 days later for the long one', () => {
  const twoDays = addLabel(addLabel(noLabels, true, atMs), false, atMs + 2 * dayMs);
  expect(merchantFigures(twoDays).riskShort).toBe(Math.round((0.5 / 1.5) * 1e6) / 1e6);
  const tenDays = addLabel(addLabel(noLabels, true, atMs), false, atMs + 10 * dayMs);
  expect(merchantFigures(tenDays).riskLong).toBe(Math.round((0.5 / 1.5) * 1e6) / 1e6);
  expect(tenDays).toMatchObject({ labelled: 2, frauds: 1, atMs: atMs + 10 * dayMs });
});

test('a label that is known earlier than the newest counts as of the newest, and takes nothing from it', () => {
  const labels = addLabel(addLabel(noLabels, true, atMs), false, atMs - dayMs);
  expect(labels).toEqual({
    labelled: 2,
    frauds: 1,
    atMs,
    labelledShort: 2,
    fraudsShort: 1,
    labelledLong: 2,
    fraudsLong: 1,
  });
});
