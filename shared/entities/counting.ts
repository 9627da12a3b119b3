import type { Cause } from '../domain/decision.ts';
import { type EntityReading, entitiesOf } from '../domain/entities.ts';
import { type EntityDay, entityFigures, isTooLate, type OwnAttempt } from '../domain/entityFigures.ts';
import { toBaseMinor } from '../domain/money.ts';
import type { Policy } from '../domain/policy.ts';
import type { EntityCounter } from '../ledger/dependencies.ts';
import type { Submission } from '../ledger/submission.ts';
import {
  type Clock,
  ConditionFailed,
  type Item,
  type Key,
  OutcomeUnknown,
  type Randomness,
  type TableStore,
  Throttled,
  Unavailable,
} from '../ports/ports.ts';
import type { MasterSecret } from '../secrets/masterSecret.ts';
import { dayPlace } from '../store/names.ts';
import { beginnings } from './beginnings.ts';
import { type EntityHashes, entityHashes } from './hashes.ts';
import { trackedBy } from './kinds.ts';
import { type EntityPlace, entityPlaces } from './places.ts';
import { attemptsIn, dayExpiry, dropped, marksIn, overflowOf, packAttempt } from './record.ts';

export interface CountingServices {
  readonly table: TableStore;
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly masterSecret: MasterSecret;
  /** Left out: records may take any time. */
  readonly timeLimit?: TimeLimit;
}

export const countingLimits = {
  /** A payment waits no longer for the records of its entities. */
  withinMs: 1_000,
  attemptsMax: 4,
  backoffBaseMs: 10,
  /** Days from the one before a payment's own to today, and the marks. */
  recordsMax: 10,
} as const;

/** Settles with `work`, or rejects once `ms` have passed. */
export type TimeLimit = (ms: number) => <Result>(work: Promise<Result>) => Promise<Result>;

const noLimit: TimeLimit = () => (work) => work;

/**
 * Counts payments on their entities. An attempt is one update of the entity's item of the payment's UTC day; the item that it returns
 * holds exactly the attempts that were taken before it, so that parallel payments read different counts. The days around it and the
 * marks of fraud are read afterwards, so that of two payments on two days at least one sees the other.
 */
export function entityCounter(services: CountingServices): EntityCounter {
  const { table, clock, randomness, masterSecret, timeLimit = noLimit } = services;
  const isWarmingUp = beginnings(table);
  const counted = new WeakMap<Submission, Promise<readonly EntityReading[]>>();

  const count = async (submission: Submission, policy: Policy): Promise<readonly EntityReading[]> => {
    const { tenant, transaction, receivedAtMs } = submission;
    const { kinds, own } = trackedBy(policy);
    const entities = entitiesOf(transaction, own);
    const cause = (kind: string): Cause | null => {
      if (!kinds.has(kind)) return 'NOT_TRACKED';
      return isTooLate(transaction.occurredAtMs, receivedAtMs) ? 'LATE' : null;
    };
    const places = once(async () => {
      const all = placesOf(await entityHashes(masterSecret), submission, policy);
      return new Map(all.map((place) => [place.kind, place]));
    });
    return Promise.all(
      entities.map(async ({ kind }): Promise<EntityReading> => {
        const without = cause(kind);
        if (without !== null) return { kind, figures: null, cause: without };
        const work = reachable(async () => readingOf(tenant, (await places()).get(kind)!, receivedAtMs));
        return (await inTime(work)) ?? { kind, figures: null, cause: 'STORE_UNAVAILABLE' };
      }),
    );
  };

  /** Null when the time is up. */
  const inTime = async <Result>(work: Promise<Result>): Promise<Result | null> => {
    let isDone = false;
    const noted = work.finally(() => {
      isDone = true;
    });
    try {
      return await timeLimit(countingLimits.withinMs)(noted);
    } catch (error) {
      if (isDone) throw error;
      noted.catch(() => undefined);
      return null;
    }
  };

  const readingOf = async (tenant: string, place: Place, receivedAtMs: number): Promise<EntityReading> => {
    const { kind, own, day: key, name } = place;
    const day = Number(key.sk);
    const item = await again(() => table.update(key, { set: dayExpiry(day), init: { [name]: packAttempt(own) } }));
    const today = attemptsIn(item, day);
    const [records, warmingUp] = await Promise.all([
      again(() => recordsAround(table, place)),
      again(() => isWarmingUp(tenant, kind, receivedAtMs)),
      drop(key, overflowOf(today.attempts)),
    ]);
    if (warmingUp) return { kind, figures: null, cause: 'WARMING_UP' };
    const others = today.attempts.filter((attempt) => attempt.name !== name);
    const days = [{ day, attempts: others, isFull: today.isFull }, ...records.days];
    return { kind, figures: entityFigures(own, receivedAtMs, days, marksIn(records.marks)), cause: null };
  };

  /** Where it fails, the next payment drops them. */
  const drop = async (key: Key, names: readonly string[]): Promise<void> => {
    if (names.length > 0) await reachable(() => table.update(key, dropped(names)));
  };

  /** Repeats what may pass at once, with jitter; an update that may have happened is the same update again. */
  const again = async <Result>(act: () => Promise<Result>): Promise<Result> => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await act();
      } catch (error) {
        if (!isStoreError(error) || attempt === countingLimits.attemptsMax) throw error;
        await clock.sleep(Math.floor(randomness.fraction() * countingLimits.backoffBaseMs * 2 ** attempt));
      }
    }
  };

  const takeBack: EntityCounter['takeBack'] = async (submission, policy, original) => {
    if (!counted.has(submission)) return;
    const hashes = await reachable(() => entityHashes(masterSecret));
    if (hashes === null) return;
    const kept = original === null ? [] : placesOf(hashes, { ...submission, transaction: original }, policy);
    await Promise.all(
      placesOf(hashes, submission, policy).map(({ day, name }) => {
        const same = kept.find((place) => place.day.pk === day.pk && place.day.sk === day.sk);
        const change = same === undefined ? { remove: [name] } : { set: { [name]: packAttempt(same.own) } };
        return reachable(() => again(() => unlessGone(table.update(day, change, { kind: 'present' }))));
      }),
    );
  };

  return {
    count: (submission, policy) => {
      const known = counted.get(submission);
      if (known !== undefined) return known;
      const counting = count(submission, policy);
      counted.set(submission, counting);
      return counting;
    },
    takeBack,
  };
}

/** Where an attempt is written, and what. */
interface Place extends EntityPlace {
  readonly own: OwnAttempt;
}

const placesOf = (
  hashes: EntityHashes,
  { tenant, transaction }: Pick<Submission, 'tenant' | 'transaction'>,
  policy: Policy,
): readonly Place[] => {
  const { occurredAtMs, amountMinor, currency } = transaction;
  const { baseCurrency, rates } = policy;
  const spendMinor = toBaseMinor(amountMinor, currency, baseCurrency, rates);
  return entityPlaces(hashes, tenant, transaction, trackedBy(policy).own).map((place) => ({
    ...place,
    own: { account: place.account, atMs: occurredAtMs, spendMinor, baseCurrency },
  }));
};

/** The days from the one before the payment's own on, without its own, and the marks: one query. */
async function recordsAround(
  table: TableStore,
  { day, marks }: Place,
): Promise<{ readonly days: readonly EntityDay[]; readonly marks: Item | null }> {
  const { items } = await table.query({
    pk: day.pk,
    from: dayPlace(Number(day.sk) - 1),
    to: marks.sk,
    limit: countingLimits.recordsMax,
    consistent: true,
  });
  return {
    days: items
      .filter(({ sk }) => sk !== marks.sk && sk !== day.sk)
      .map((item) => ({ day: Number(item.sk), ...attemptsIn(item, Number(item.sk)) })),
    marks: items.find(({ sk }) => sk === marks.sk) ?? null,
  };
}

const isStoreError = (error: unknown): boolean =>
  error instanceof OutcomeUnknown || error instanceof Throttled || error instanceof Unavailable;

/** The result of the first call, for every call. */
const once = <Result>(make: () => Promise<Result>): (() => Promise<Result>) => {
  let made: Promise<Result> | null = null;
  return () => {
    made ??= make();
    return made;
  };
};

/** Null where the item is not there any more. */
const unlessGone = async <Result>(write: Promise<Result>): Promise<Result | null> => {
  try {
    return await write;
  } catch (error) {
    if (error instanceof ConditionFailed) return null;
    throw error;
  }
};

/** Null where the store cannot be reached. */
const reachable = async <Result>(act: () => Promise<Result>): Promise<Result | null> => {
  try {
    return await act();
  } catch (error) {
    if (isStoreError(error)) return null;
    throw error;
  }
};
