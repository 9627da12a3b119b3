import { type Entity, type EntityReading, entitiesOf } from '../domain/entities.ts';
import { dayOf, type EntityDay, entityFigures, isTooLate, type OwnAttempt } from '../domain/entityFigures.ts';
import { toBaseMinor } from '../domain/money.ts';
import type { Policy } from '../domain/policy.ts';
import type { Transaction } from '../domain/transaction.ts';
import type { EntityCounter } from '../ledger/dependencies.ts';
import type { Submission } from '../ledger/submission.ts';
import {
  type Clock,
  ConditionFailed,
  type Item,
  OutcomeUnknown,
  type Randomness,
  type TableStore,
  Throttled,
  Unavailable,
} from '../ports/ports.ts';
import type { MasterSecret } from '../secrets/masterSecret.ts';
import { entityDayKey, entityMarksKey } from '../store/names.ts';
import { beginnings } from './beginnings.ts';
import { type EntityHashes, entityHashes } from './hashes.ts';
import { trackedBy } from './kinds.ts';
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

  const count = async ({ tenant, transaction, receivedAtMs }: Submission, policy: Policy): Promise<readonly EntityReading[]> => {
    const { kinds, own } = trackedBy(policy);
    const entities = entitiesOf(transaction, own);
    if (entities.length === 0) return [];
    return Promise.all(
      entities.map(async (entity): Promise<EntityReading> => {
        const { kind } = entity;
        if (!kinds.has(kind)) return { kind, figures: null, cause: 'NOT_TRACKED' };
        if (isTooLate(transaction.occurredAtMs, receivedAtMs)) return { kind, figures: null, cause: 'LATE' };
        let isDone = false;
        const work = reachable(async () => {
          const place = placeOf(await entityHashes(masterSecret), tenant, entity, transaction, policy);
          return readingOf(place, receivedAtMs);
        }).finally(() => {
          isDone = true;
        });
        try {
          return (await timeLimit(countingLimits.withinMs)(work)) ?? { kind, figures: null, cause: 'STORE_UNAVAILABLE' };
        } catch (error) {
          if (isDone) throw error;
          return { kind, figures: null, cause: 'STORE_UNAVAILABLE' };
        }
      }),
    );
  };

  const readingOf = async (place: Place, receivedAtMs: number): Promise<EntityReading> => {
    const { tenant, kind, own, key, name } = place;
    const item = await again(() => table.update(key, { set: dayExpiry(place.day), init: { [name]: packAttempt(own) } }));
    const today = attemptsIn(item, place.day);
    const [records, warmingUp] = await Promise.all([
      again(() => recordsAround(table, place)),
      again(() => isWarmingUp(tenant, kind, receivedAtMs)),
      drop(key, overflowOf(today.attempts)),
    ]);
    if (warmingUp) return { kind, figures: null, cause: 'WARMING_UP' };
    const others = today.attempts.filter((attempt) => attempt.name !== name);
    const days = [{ day: place.day, attempts: others, isFull: today.isFull }, ...records.days];
    return { kind, figures: entityFigures(own, receivedAtMs, days, marksIn(records.marks)), cause: null };
  };

  /** Where it fails, the next payment drops them. */
  const drop = async (key: Place['key'], names: readonly string[]): Promise<void> => {
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
    const { tenant, transaction } = submission;
    const { kinds, own } = trackedBy(policy);
    const hashes = await reachable(() => entityHashes(masterSecret));
    if (hashes === null) return;
    const placesOf = (paid: Transaction): readonly Place[] =>
      entitiesOf(paid, own)
        .filter(({ kind }) => kinds.has(kind))
        .map((entity) => placeOf(hashes, tenant, entity, paid, policy));
    const kept = original === null ? [] : placesOf(original);
    await Promise.all(
      placesOf(transaction).map(({ key, name }) => {
        const same = kept.find((place) => place.key.pk === key.pk && place.key.sk === key.sk);
        const change = same === undefined ? { remove: [name] } : { set: { [name]: packAttempt(same.own) } };
        return reachable(() => again(() => unlessGone(table.update(key, change, { kind: 'present' }))));
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
interface Place {
  readonly tenant: string;
  readonly kind: string;
  readonly digest: string;
  readonly day: number;
  readonly key: ReturnType<typeof entityDayKey>;
  /** The attempt's attribute. */
  readonly name: string;
  readonly own: OwnAttempt;
}

function placeOf(hashes: EntityHashes, tenant: string, entity: Entity, transaction: Transaction, policy: Policy): Place {
  const { kind, id } = entity;
  const { userId, accountId, transactionId, occurredAtMs, amountMinor, currency } = transaction;
  const digest = hashes.digest(tenant, kind, id);
  const day = dayOf(occurredAtMs);
  const key = entityDayKey(tenant, kind, digest, day);
  return {
    tenant,
    kind,
    digest,
    day,
    key,
    name: hashes.transaction(key.pk, transactionId),
    own: {
      account: hashes.account(key.pk, userId, accountId),
      atMs: occurredAtMs,
      spendMinor: toBaseMinor(amountMinor, currency, policy.baseCurrency, policy.rates),
      baseCurrency: policy.baseCurrency,
    },
  };
}

/** The days from the one before the payment's own on, without its own, and the marks: one query. */
async function recordsAround(
  table: TableStore,
  { tenant, kind, digest, day, key }: Place,
): Promise<{ readonly days: readonly EntityDay[]; readonly marks: Item | null }> {
  const from = entityDayKey(tenant, kind, digest, day - 1).sk;
  const marksKey = entityMarksKey(tenant, kind, digest);
  const { items } = await table.query({
    pk: key.pk,
    from,
    to: marksKey.sk,
    limit: countingLimits.recordsMax,
    consistent: true,
  });
  return {
    days: items
      .filter(({ sk }) => sk !== marksKey.sk && sk !== key.sk)
      .map((item) => ({ day: Number(item.sk), ...attemptsIn(item, Number(item.sk)) })),
    marks: items.find(({ sk }) => sk === marksKey.sk) ?? null,
  };
}

const isStoreError = (error: unknown): boolean =>
  error instanceof OutcomeUnknown || error instanceof Throttled || error instanceof Unavailable;

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
