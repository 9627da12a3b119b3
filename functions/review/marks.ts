import { fraudWindowMs } from '../../shared/domain/entityFigures.ts';
import type { Policy } from '../../shared/domain/policy.ts';
import type { Transaction } from '../../shared/domain/transaction.ts';
import { entityHashes } from '../../shared/entities/hashes.ts';
import { trackedBy } from '../../shared/entities/kinds.ts';
import { entityPlaces } from '../../shared/entities/places.ts';
import { marksExpiry, marksIn, packMark, recordLimits } from '../../shared/entities/record.ts';
import type { Item, Key, TableStore, Write } from '../../shared/ports/ports.ts';
import type { MasterSecret } from '../../shared/secrets/masterSecret.ts';

/** What a label says of a payment, and what the label before it said. */
export interface LabelChange {
  readonly isFraud: boolean;
  readonly wasFraud: boolean;
  readonly knownAtMs: number;
}

/**
 * The writes that go with a label: a fraud marks each entity of its payment, of every kind whether tracked or not, and another word on
 * the payment takes the marks away. An entity keeps the marks of its newest `marksMax` payments. Reads the marks there are. Throws
 * store errors.
 */
export async function markWrites(
  { table, masterSecret }: { readonly table: TableStore; readonly masterSecret: MasterSecret },
  { tenant, transaction, policy }: { readonly tenant: string; readonly transaction: Transaction; readonly policy: Policy },
  { isFraud, wasFraud, knownAtMs }: LabelChange,
): Promise<readonly Write[]> {
  if (!isFraud && !wasFraud) return [];
  const { occurredAtMs } = transaction;
  const places = entityPlaces(await entityHashes(masterSecret), tenant, transaction, trackedBy(policy).own);
  if (places.length === 0) return [];
  const items = await table.getMany(
    places.map(({ marks }) => marks),
    { consistent: true },
  );
  return places.flatMap(({ marks: key, name }, i): Write[] => {
    const item = items[i] ?? null;
    if (!isFraud) return item?.[name] === undefined ? [] : [{ kind: 'update', key, change: { remove: [name] } }];
    return [markWrite(key, item, name, { occurredAtMs, knownAtMs })];
  });
}

/** A mark that is there already stays: the fraud is known since then. */
function markWrite(
  key: Key,
  item: Item | null,
  name: string,
  mark: { readonly occurredAtMs: number; readonly knownAtMs: number },
): Write {
  const others = marksIn(item).filter((one) => one.name !== name);
  const newestFirst = others.toSorted((a, b) => b.occurredAtMs - a.occurredAtMs);
  const remove = newestFirst
    .filter(({ occurredAtMs }, place) => place >= recordLimits.marksMax - 1 || occurredAtMs < mark.knownAtMs - 2 * fraudWindowMs)
    .map((one) => one.name);
  return {
    kind: 'update',
    key,
    change: { set: marksExpiry(mark.knownAtMs), init: { [name]: packMark(mark) }, ...(remove.length > 0 && { remove }) },
  };
}
