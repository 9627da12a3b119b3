import type { DynamoDBStreamEvent } from 'aws-lambda';
import { archiveSink } from '../../functions/project/archiveSink.ts';
import { decodersOfItems } from '../../functions/project/decoders.ts';
import { featuresSink } from '../../functions/project/featuresSink.ts';
import { feedSink } from '../../functions/project/feedSink.ts';
import { headsSink } from '../../functions/project/headsSink.ts';
import { lookupsSink } from '../../functions/project/lookupsSink.ts';
import { policyReader } from '../../functions/project/policyReader.ts';
import { tableProgress } from '../../functions/project/progress.ts';
import { projector } from '../../functions/project/project.ts';
import { reviewsSink } from '../../functions/project/reviewsSink.ts';
import { usersSink } from '../../functions/project/usersSink.ts';
import { Crash, type FaultPlan, faultyTable, noFaults, randomFaults } from '../../shared/adapters/memory/faults.ts';
import { memoryObjects } from '../../shared/adapters/memory/objects.ts';
import type { MemoryTable } from '../../shared/adapters/memory/table.ts';
import { type Clock, type ObjectStore, OutcomeUnknown, Unavailable, type Write } from '../../shared/ports/ports.ts';
import { prefixes, projectedItems } from '../../shared/store/names.ts';
import { type SeededRandom, seededRandom } from '../../shared/store/random.ts';
import { streamImage } from '../../tools/local/streamImage.ts';
import { rebuildSinks } from '../../tools/rebuild/plan.ts';
import { rebuild } from '../../tools/rebuild/rebuild.ts';
import { testSecret } from '../support/engine.ts';

export interface StreamWorld {
  readonly table: MemoryTable;
  readonly archive: ObjectStore;
  readonly checkpoints: ObjectStore;
  readonly clock: Clock;
  /** Records that the stream lost. */
  readonly lost: number;
  /** Records that were handed over while sinks were paused. */
  readonly paused: number;
  /** Calls of the rebuild, the last of which ended. */
  readonly rebuilds: number;
}

const deliveriesMax = 40;
const rebuildsMax = 60;
const periodMs = 86_400_000 * 3;

/**
 * The table's stream after a simulated run: its records come in batches, again after every failure, and some are lost, to an outage that
 * outlasts the stream or with a batch that fails too often, or missed by a sink that is paused. Stores fail and the function dies as the seed says. Then a rebuild restores
 * what is missing; it is cut off at random, and called again until it ends.
 */
export async function streamAndRebuild(
  seed: number,
  { table, committed, nowMs }: { readonly table: MemoryTable; readonly committed: Write[]; readonly nowMs: number },
): Promise<StreamWorld> {
  const randomness = seededRandom(seed ^ 0x57ea);
  const clock: Clock = { nowMs: () => nowMs, sleep: async () => {} };
  const [archive, checkpoints] = [memoryObjects(), memoryObjects()];
  const scale = randomness.pick([0, 0.02, 0.1]);
  const planOf = (): FaultPlan =>
    randomFaults(randomness, {
      conflict: scale,
      throttle: scale / 2,
      unavailable: scale / 2,
      lostBeforeEffect: scale,
      lostAfterEffect: scale,
      crashBeforeEffect: scale / 8,
      crashAfterEffect: scale / 8,
    });
  const parts = (faults: FaultPlan) => ({
    table: faultyTable(table, faults),
    archive: faultyObjects(archive, randomness, faults === noFaults ? 0 : scale),
    clock,
    randomness,
  });

  let lost = 0;
  let paused = 0;
  /** Now and then a person pauses these, because what they write to is away. */
  const pausable = new Set<string>(randomness.pick([[], ['archive'], ['features'], ['archive', 'features']] as const));
  const lossShare = randomness.pick([0, 0.2, 0.6, 1]);
  const deliver = async (isLossy: boolean, faultsOf: () => FaultPlan): Promise<void> => {
    while (committed.length > 0) {
      const writes = committed.splice(0, 1 + randomness.below(20)).filter(isProjected);
      if (isLossy && randomness.fraction() < lossShare) {
        lost += writes.length;
        continue;
      }
      const isPausing = isLossy && pausable.size > 0 && randomness.fraction() < 0.5;
      if (isPausing) paused += writes.length;
      let records = writes.map((write, i) => recordOf(table, write, `${seed}-${randomness.below(2 ** 31)}-${i}`));
      for (let delivery = 1; records.length > 0; delivery += 1) {
        if (delivery > deliveriesMax) {
          lost += records.length;
          break;
        }
        records = await delivered(parts(faultsOf()), records, isPausing ? pausable : new Set());
      }
    }
  };
  await deliver(true, planOf);

  let rebuilds = 0;
  for (let isDone = false; !isDone; ) {
    rebuilds += 1;
    const { table: seenTable, archive: seenArchive } = parts(rebuilds < rebuildsMax ? planOf() : noFaults);
    isDone = await rebuild(
      {
        table: seenTable,
        archive: seenArchive,
        checkpoints,
        webhookQueue: { send: async () => [] },
        clock,
        randomness,
        hotDays: null,
        masterSecret: testSecret(),
      },
      { fromMs: nowMs - periodMs, toMs: nowMs + periodMs, sinks: new Set(rebuildSinks), resendsWebhooks: false },
      undefined,
      { segments: 1 + randomness.below(3), pageItems: 20, pagesPerRound: 1, heldItemsMax: 40 },
    ).then(
      () => true,
      (error: unknown) => {
        if (rebuilds >= rebuildsMax) throw error;
        return false;
      },
    );
  }
  await deliver(false, () => noFaults);
  return { table, archive, checkpoints, clock, lost, paused, rebuilds };
}

const isProjected = (write: Write): boolean => {
  if (write.kind === 'check') return false;
  const { pk } = write.kind === 'put' ? write.item : write.key;
  return projectedItems.some((kind) => pk.startsWith(prefixes[kind]));
};

const recordOf = (table: MemoryTable, write: Write, eventID: string) => {
  const { pk, sk } = write.kind === 'put' ? write.item : write.key;
  const item =
    write.kind === 'put'
      ? write.item
      : write.kind === 'delete'
        ? null
        : table.all().find((one) => one.pk === pk && one.sk === sk);
  const isNew = write.kind === 'put' && write.condition?.kind === 'absent';
  return {
    eventID,
    eventName: item ? (isNew ? 'INSERT' : 'MODIFY') : 'REMOVE',
    dynamodb: { SequenceNumber: eventID, Keys: { pk: { S: pk }, sk: { S: sk } }, ...(item && { NewImage: streamImage(item) }) },
  };
};

type StreamRecord = ReturnType<typeof recordOf>;

/** Hands records to a new instance of the project function; those that come again. */
const delivered = async (
  {
    table,
    archive,
    clock,
    randomness,
  }: { table: MemoryTable | ReturnType<typeof faultyTable>; archive: ObjectStore; clock: Clock; randomness: SeededRandom },
  records: StreamRecord[],
  paused: ReadonlySet<string>,
): Promise<StreamRecord[]> => {
  const project = projector({
    ...decodersOfItems,
    sinks: [
      feedSink({ table, clock, randomness }),
      reviewsSink({ table, clock, randomness }),
      archiveSink({ archive, table, hotDays: null }),
      headsSink({ table }),
      usersSink({ table }),
      lookupsSink({ table, masterSecret: testSecret(), policyOf: policyReader(table), isOn: true }),
      featuresSink({ archive }),
    ],
    progress: tableProgress({ table, clock }),
    paused: async () => paused,
    report: ({ cause }) => {
      if (cause instanceof Crash) throw cause;
    },
  });
  try {
    const event = { Records: records } as unknown as Pick<DynamoDBStreamEvent, 'Records'>;
    const [first] = (await project(event)).batchItemFailures;
    if (first === undefined) return [];
    return records.slice(records.findIndex(({ eventID }) => eventID === first.itemIdentifier));
  } catch (error) {
    if (!(error instanceof Crash)) throw error;
    return records;
  }
};

/** Puts that are refused, or whose reply is lost. */
const faultyObjects = (objects: ObjectStore, randomness: SeededRandom, share: number): ObjectStore => ({
  ...objects,
  put: async (key, body, options) => {
    const draw = randomness.fraction();
    if (draw < share / 2) throw new Unavailable('S3 is away');
    await objects.put(key, body, options);
    if (draw < share) throw new OutcomeUnknown('the reply of S3 was lost');
  },
});
