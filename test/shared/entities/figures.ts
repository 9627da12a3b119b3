import type { EntityFigures } from '../../../shared/domain/entityFigures.ts';

/** Of an entity's first payment, changed where `change` says so. */
export const figuresOf = (change: Partial<EntityFigures> = {}): EntityFigures => ({
  accounts1h: 1,
  accounts24h: 1,
  payments1h: 1,
  payments24h: 1,
  amount24hMinor: 129_900,
  amountPartial: false,
  frauds: 0,
  late: false,
  saturated: false,
  ...change,
});
