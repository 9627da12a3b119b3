import type { Decision } from '../../shared/domain/decision.ts';
import { entityKinds, entityPart } from '../../shared/domain/entities.ts';
import type { Policy } from '../../shared/domain/policy.ts';
import { entityHashes } from '../../shared/entities/hashes.ts';
import { trackedBy } from '../../shared/entities/kinds.ts';
import { lookupItem, lookupKey } from '../../shared/entities/lookup.ts';
import { entityPlaces } from '../../shared/entities/places.ts';
import { ConditionFailed, type Key, type TableStore, Unavailable } from '../../shared/ports/ports.ts';
import type { MasterSecret } from '../../shared/secrets/masterSecret.ts';
import { inParallel } from '../../shared/store/parallel.ts';
import { failuresInTurn } from './inTurn.ts';
import type { CommittedDecision, Sink } from './sink.ts';

export interface LookupsDependencies {
  readonly table: TableStore;
  readonly masterSecret: MasterSecret;
  /** The policy of a version, for its own kinds of entities. */
  readonly policyOf: (tenant: string, version: number) => Promise<Policy>;
  /** False: nothing is noted. */
  readonly isOn: boolean;
}

/** The most that one request reads. */
const keysPerRead = 100;
/** Requests under way: a batch of the stream may ask for thousands of notes. */
const atOnce = 16;

/** A note to be written, and the records of the batch that ask for it. */
interface Note {
  readonly key: Key;
  readonly transactionId: string;
  readonly sequence: number;
  readonly positions: readonly number[];
}

interface NoteFailure {
  readonly note: Note;
  readonly cause: unknown;
}

/**
 * Notes which accounts were on which entities: one write unit for each entity, account and UTC day, and a read unit for each of a batch. An
 * account that is decided on two shards of the stream at the same moment may cost one more.
 */
export const lookupsSink = (dependencies: LookupsDependencies): Sink => ({
  name: 'lookups',
  async project({ decisions }) {
    if (!dependencies.isOn) return [];
    const wanted: Note[] = [];
    const unread = await failuresInTurn(decisions, async (committed) => {
      wanted.push(...(await notesOf(dependencies, committed)));
    });
    const unwritten = await writeMissing(dependencies.table, firstOfEach(wanted));
    return [
      ...unread.map(({ value: { position }, cause }) => ({ position, cause })),
      ...unwritten.flatMap(({ note, cause }) => note.positions.map((position) => ({ position, cause }))),
    ];
  },
});

const notesOf = async (
  { masterSecret, policyOf }: LookupsDependencies,
  { position, tenant, decision }: CommittedDecision,
): Promise<Note[]> => {
  const { transaction, policyVersion, sequence } = decision;
  const own = hasOwnKinds(decision) ? trackedBy(await policyOf(tenant, policyVersion)).own : [];
  const places = entityPlaces(await entityHashes(masterSecret), tenant, transaction, own);
  return places
    .filter(({ kind }) => isTracked(decision, kind))
    .map((place) => ({
      key: lookupKey(tenant, place, decision.decidedAtMs),
      transactionId: transaction.transactionId,
      sequence,
      positions: [position],
    }));
};

const hasOwnKinds = ({ entities }: Decision): boolean =>
  Object.keys(entities ?? {}).some((kind) => !(entityKinds as readonly string[]).includes(kind));

const isTracked = ({ degraded }: Decision, kind: string): boolean =>
  !degraded.some(({ part, cause }) => part === entityPart(kind) && cause === 'NOT_TRACKED');

/** Of the notes under one key that of the account's earliest decision, for all their records. */
const firstOfEach = (notes: readonly Note[]): Note[] =>
  [...Map.groupBy(notes, ({ key }) => `${key.pk} ${key.sk}`).values()].map((same) => ({
    ...same.reduce((first, note) => (note.sequence < first.sequence ? note : first)),
    positions: same.flatMap(({ positions }) => positions),
  }));

/** Writes the notes that are not there. Returns those that failed; a store that does not answer ends it, and fails all that are left. */
async function writeMissing(table: TableStore, notes: readonly Note[]): Promise<NoteFailure[]> {
  const failures: NoteFailure[] = [];
  const tried = async <Value>(
    values: readonly Value[],
    notesIn: (value: Value) => readonly Note[],
    act: (value: Value) => Promise<void>,
  ) => {
    let away: Unavailable | null = null;
    await inParallel(values, atOnce, async (value) => {
      const fail = (cause: unknown) => failures.push(...notesIn(value).map((note) => ({ note, cause })));
      if (away !== null) return void fail(away);
      try {
        await act(value);
      } catch (cause) {
        if (cause instanceof Unavailable) away = cause;
        fail(cause);
      }
    });
  };

  const missing: Note[] = [];
  await tried(
    chunksOf(notes),
    (some) => some,
    async (some) => {
      const stored = await table.getMany(
        some.map(({ key }) => key),
        { consistent: true },
      );
      missing.push(...some.filter((_, i) => stored[i] === null));
    },
  );
  const wanted: { readonly note: Note; readonly isFirst: boolean }[] = [];
  await tried(
    [...Map.groupBy(missing, ({ key }) => key.pk)],
    ([, same]) => same,
    async ([pk, same]) => {
      const isKnown = (await table.query({ pk, limit: 1 })).items.length > 0;
      wanted.push(...same.map((note, i) => ({ note, isFirst: !isKnown && i === 0 })));
    },
  );
  await tried(
    wanted,
    ({ note }) => [note],
    async ({ note: { key, transactionId }, isFirst }) => {
      try {
        await table.put(lookupItem(key, transactionId, isFirst), { kind: 'absent' });
      } catch (error) {
        if (!(error instanceof ConditionFailed)) throw error;
      }
    },
  );
  return failures;
}

const chunksOf = (notes: readonly Note[]): (readonly Note[])[] =>
  Array.from({ length: Math.ceil(notes.length / keysPerRead) }, (_, i) => notes.slice(i * keysPerRead, (i + 1) * keysPerRead));
