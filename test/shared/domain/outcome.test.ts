import { expect, test } from 'vitest';
import { graver, outcomes } from '../../../shared/domain/outcome.ts';

test('of two outcomes the graver wins, in either order', () => {
  for (const [i, a] of outcomes.entries())
    for (const [j, b] of outcomes.entries()) expect(graver(a, b)).toBe(outcomes[Math.max(i, j)]);
  expect(outcomes).toEqual(['ALLOW', 'REVIEW', 'BLOCK']);
});
