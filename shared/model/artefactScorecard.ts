import type { Scorecard } from '../domain/scorecard.ts';
import { pointsMax } from './artefactTrees.ts';
import { check, ModelInvalid } from './invalid.ts';

const variablesMax = 100;
const edgesMax = 1000;

/** The scorecard of an artefact, which is JSON. Throws ModelInvalid with the first fault. */
export const readScorecard = (bytes: Uint8Array): Scorecard => {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw new ModelInvalid('the scorecard is not JSON', { cause: error });
  }
  const points = (x: unknown): x is number => typeof x === 'number' && Math.abs(x) <= pointsMax;
  const list = (x: unknown): x is unknown[] => Array.isArray(x);
  const { base, variables } = (value ?? {}) as Record<string, unknown>;
  check(points(base) && list(variables) && variables.length <= variablesMax, 'a scorecard without base or variables');
  for (const variable of variables as unknown[]) {
    const { name, edges, points: given, missing } = (variable ?? {}) as Record<string, unknown>;
    check(typeof name === 'string' && points(missing), 'a scorecard variable without name or points');
    check(
      list(edges) &&
        edges.length <= edgesMax &&
        edges.every(
          (edge, i) => typeof edge === 'number' && Number.isFinite(edge) && (i === 0 || edge > (edges[i - 1] as number)),
        ),
      `scorecard variable ${String(name)}: edges that are not ascending`,
    );
    check(
      list(given) && given.length === (edges as unknown[]).length + 1 && given.every(points),
      `scorecard variable ${String(name)}: one number of points for each bin expected`,
    );
  }
  return value as Scorecard;
};
