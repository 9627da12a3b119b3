import type { Decision } from '../../shared/domain/decision.ts';
import { entityKinds, entityPart } from '../../shared/domain/entities.ts';
import type { Policy } from '../../shared/domain/policy.ts';
import { entityHashes } from '../../shared/entities/hashes.ts';
import { trackedBy } from '../../shared/entities/kinds.ts';
import { lookupItem, lookupKey } from '../../shared/entities/lookup.ts';
import { entityPlaces } from '../../shared/entities/places.ts';
import { ConditionFailed, type Key, type TableStore } from '../../shared/ports/ports.ts';
import type { MasterSecret } from '../../shared/secrets/masterSecret.ts';
import { failuresInTurn } from './inTurn.ts';
import type { CommittedDecision, Failure, Sink } from './sink.ts';

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

/** A note to be written, and the records of the batch that ask for it. */
interface Note {
  readonly key: Key;
  readonly transactionId: string;
  readonly sequence: number;
  readonly positions: readonly number[];
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
    const notes = firstOfEach(wanted);
    const failures: Failure[] = unread.map(({ value: { position }, cause }) => ({ position, cause }));
    for (let at = 0; at < notes.length; at += keysPerRead) {
      const unwritten = await writeMissing(dependencies.table, notes.slice(at, at + keysPerRead));
      failures.push(...unwritten.flatMap(({ value, cause }) => value.positions.map((position) => ({ position, cause }))));
    }
    return failures;
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

async function writeMissing(table: TableStore, notes: readonly Note[]): Promise<{ value: Note; cause: unknown }[]> {
  let stored: Awaited<ReturnType<TableStore['getMany']>>;
  try {
    stored = await table.getMany(
      notes.map(({ key }) => key),
      { consistent: true },
    );
  } catch (cause) {
    return notes.map((value) => ({ value, cause }));
  }
  return failuresInTurn(
    notes.filter((_, i) => stored[i] === null),
    async ({ key, transactionId }) => {
      const { items } = await table.query({ pk: key.pk, limit: 1 });
      try {
        await table.put(lookupItem(key, transactionId, items.length === 0), { kind: 'absent' });
      } catch (error) {
        if (!(error instanceof ConditionFailed)) throw error;
      }
    },
  );
}
