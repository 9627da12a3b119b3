import type { Clock, Item, TableStore } from '../../shared/ports/ports.ts';
import { cache } from '../../shared/store/cache.ts';
import { pausedSinksKey } from '../../shared/store/names.ts';

/** Sinks that write outside the table: one of them may be away while the others could go on. */
export const pausableSinks = ['archive', 'features', 'alerts', 'webhooks'] as const;
export type PausableSink = (typeof pausableSinks)[number];

/** Since when a sink meets no record, and who wanted it so. */
export interface Pause {
  readonly sinceMs: number;
  readonly by: string;
}

export type Pauses = Partial<Readonly<Record<PausableSink, Pause>>>;

/** An instance knows of a pause, or of its end, after this long. */
export const knownAfterMs = 10_000;
const revisionOf = (item: Item | null): number => Number(item?.revision ?? 0);

const pausesOf = (item: Item | null): Pauses => (item === null ? {} : (JSON.parse(String(item.pauses)) as Pauses));

/** Throws StoreErrors. */
export const readPauses = async (table: TableStore): Promise<Pauses> =>
  pausesOf(await table.get(pausedSinksKey, { consistent: true }));

/** The names of the sinks that are paused, read at most every `knownAfterMs`. Throws StoreErrors. */
export const pausedSinks = ({
  table,
  clock,
}: {
  readonly table: TableStore;
  readonly clock: Pick<Clock, 'nowMs'>;
}): (() => Promise<ReadonlySet<string>>) => {
  const cached = cache<ReadonlySet<string>>({ max: 1, ttlMs: knownAfterMs });
  return () => cached.get('pauses', clock.nowMs(), async () => new Set(Object.keys(await readPauses(table))));
};

/**
 * Begins the pause of a sink, or with null ends it. Returns the pause that was there before; one that has begun keeps its time. Throws StoreErrors, and
 * ConditionFailed when somebody else changes the pauses at the same time.
 */
export const setPause = async (table: TableStore, sink: PausableSink, pause: Pause | null): Promise<Pause | null> => {
  const item = await table.get(pausedSinksKey, { consistent: true });
  const { [sink]: before = null, ...others } = pausesOf(item);
  const pauses: Pauses = pause === null ? others : { ...others, [sink]: before ?? pause };
  const revision = revisionOf(item);
  await table.put(
    { ...pausedSinksKey, pauses: JSON.stringify(pauses), revision: revision + 1 },
    item === null ? { kind: 'absent' } : { kind: 'equals', attribute: 'revision', value: revision },
  );
  return before;
};
