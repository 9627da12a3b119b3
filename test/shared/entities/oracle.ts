import type { EntityFigures } from '../../../shared/domain/entityFigures.ts';

/**
 * The figures of DESIGN section 11 by their definitions, over the whole list of an entity's attempts in the order in which its record
 * took them: slow, and with none of the engine's code.
 */
export interface Attempted {
  readonly transactionId: string;
  readonly account: string;
  readonly atMs: number;
  /** Base minor units; null without a rate. */
  readonly amountMinor: number | null;
}

export interface Marked {
  readonly transactionId: string;
  readonly atMs: number;
  readonly knownAtMs: number;
}

const hour = 3_600_000;
const day = 24 * hour;

/** Figures of an attempt that comes after `before`; those that a saturated record leaves open are bounds of what is allowed. */
export function entityOracle(
  before: readonly Attempted[],
  own: Attempted,
  receivedAtMs: number,
  frauds: readonly Marked[] = [],
): EntityFigures {
  const others = [...new Map(before.map((one) => [one.transactionId, one])).values()].filter(
    ({ transactionId }) => transactionId !== own.transactionId,
  );
  const newest = Math.max(own.atMs, ...others.map(({ atMs }) => atMs));
  const late = newest - own.atMs >= 60_000;
  const end = late ? own.atMs : newest;
  const all = [...others, own];
  const within = (length: number) => all.filter(({ atMs }) => atMs > end - length && atMs <= end);
  const accounts = (length: number) => new Set(within(length).map(({ account }) => account)).size;
  const daysTouched = new Set([Math.floor((end - day + 1) / day), Math.floor(end / day)]);
  const saturated = [...daysTouched].some((touched) => all.filter(({ atMs }) => Math.floor(atMs / day) === touched).length >= 40);
  return {
    accounts1h: accounts(hour),
    accounts24h: accounts(day),
    payments1h: within(hour).length,
    payments24h: within(day).length,
    amount24hMinor: own.amountMinor === null ? null : within(day).reduce((sum, { amountMinor }) => sum + (amountMinor ?? 0), 0),
    amountPartial: within(day).some((one) => one !== own && one.amountMinor === null),
    frauds: frauds.filter(({ atMs, knownAtMs }) => atMs > own.atMs - 90 * day && atMs <= own.atMs && knownAtMs <= receivedAtMs)
      .length,
    late,
    saturated,
  };
}

/** Figures that are exact though the record dropped attempts: the newest one is always kept. */
const alwaysExact: readonly (keyof EntityFigures)[] = ['late', 'saturated', 'frauds'];

/** What is wrong with figures, by the oracle's: they are equal, or of a saturated entity lower bounds with at least 40 payments. */
export function figureFaults(given: EntityFigures, wanted: EntityFigures): string[] {
  return (Object.keys(wanted) as (keyof EntityFigures)[]).flatMap((name) => {
    const [value, exact] = [given[name], wanted[name]];
    const isExact = !wanted.saturated || alwaysExact.includes(name) || value === null || exact === null;
    if (isExact) return value === exact ? [] : [`${name} is ${value}, by definition ${exact}`];
    if (name === 'payments24h') return (value as number) >= 40 ? [] : [`${name} is ${value}, at least 40`];
    if (typeof value === 'boolean') return value && !exact ? [`${name} is true, by definition false`] : [];
    return (value as number) >= 1 && (value as number) <= (exact as number) ? [] : [`${name} is ${value}, at most ${exact}`];
  });
}
