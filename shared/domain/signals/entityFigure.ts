import type { EntityKind } from '../entities.ts';
import type { EntityFigures } from '../entityFigures.ts';
import { missing, reading, type Signal } from './signal.ts';

/** One figure of the payment's entity of a kind; 0 when it names none. */
export const entityFigure =
  (kind: EntityKind, figure: 'accounts1h' | 'accounts24h'): Signal =>
  ({ entities }) => {
    const entity = entities.find((read) => read.kind === kind);
    if (entity === undefined) return reading(0);
    return entity.figures === null ? missing(entity.cause) : reading(entity.figures[figure]);
  };

/**
 * The most labelled frauds on one of the payment's entities; 0 when it names none. Null when one cannot be reached, or none is
 * computed: a kind that is not tracked or warming up takes nothing from the others.
 */
export const linkedFraud: Signal = ({ entities }) => {
  const [first] = entities;
  if (first === undefined) return reading(0);
  if (entities.some(({ cause }) => cause === 'STORE_UNAVAILABLE')) return missing('STORE_UNAVAILABLE');
  const computed = entities.map(({ figures }) => figures).filter((figures): figures is EntityFigures => figures !== null);
  if (computed.length === 0) return missing(first.cause!);
  return reading(Math.max(...computed.map(({ frauds }) => frauds)));
};
