import type { DynamoDBBatchResponse, DynamoDBStreamEvent } from 'aws-lambda';
import { NewerRow } from '../../shared/domain/rowFormat.ts';
import type { Key } from '../../shared/ports/ports.ts';
import type { Done, Progress } from './progress.ts';
import { type Decoders, keyOf, readRecords, type StreamRecord, sequenceNumberOf } from './records.ts';
import { type Batch, type Failure, partOf, positionsOf, type Sink } from './sink.ts';

export type { CommittedDecision, Failure, Sink } from './sink.ts';

/** A record that this version of the code can never project, however often it comes. */
export interface Poison {
  /** `decode` where the record itself cannot be read. */
  readonly sink: string;
  readonly sequenceNumber: string;
  readonly key: Key;
  readonly cause: unknown;
}

export interface ProjectDependencies extends Decoders {
  readonly sinks: readonly Sink[];
  /** Told of everything that will come again. */
  readonly report: (failure: { readonly sink: string; readonly sequenceNumber: string; readonly cause: unknown }) => void;
  /** Left out: every sink meets all of a batch that comes again. */
  readonly progress?: Progress;
  /** The names of sinks that are paused: they meet nothing, and what they miss is rebuilt later. Rejects: no sink is called. Left out: none. */
  readonly paused?: () => Promise<ReadonlySet<string>>;
  /** Keeps a poisonous record for a person; resolves once it is kept. Left out: it comes again until it expires. */
  readonly setAside?: (poison: Poison) => Promise<void>;
  /** Settles with `work`, or rejects once the function's time is nearly up. Left out: sinks may take any time. */
  readonly inTime?: InTime;
}

export type InTime = <Result>(work: Promise<Result>) => Promise<Result>;

/** Suspects of one sink that are tried alone in one call; the others wait for the next. */
const aloneMax = 20;

/**
 * Hands the new decisions of a stream batch to every sink, to all at once and each for itself. The answer names the first record that is
 * not provably done: the stream comes back with it and all that follow, and each sink then meets only what it has not done yet.
 */
export const projector = (dependencies: ProjectDependencies) => {
  const { sinks, report, progress, paused, setAside, inTime = (work) => work } = dependencies;
  return async (event: Pick<DynamoDBStreamEvent, 'Records'>): Promise<DynamoDBBatchResponse> => {
    const records = event.Records as readonly StreamRecord[];
    const owed = new Map<string, Set<number>>([...sinks, decoding].map(({ name }) => [name, new Set()]));
    const fail = (sink: string, { position, cause }: Failure): void => {
      owed.get(sink)!.add(position);
      report({ sink, sequenceNumber: sequenceNumberOf(records[position]!), cause });
    };
    const giveUp = async (sink: string, { position, cause }: Failure): Promise<void> => {
      if (setAside === undefined) return fail(sink, { position, cause });
      const record = records[position]!;
      try {
        await setAside({ sink, sequenceNumber: sequenceNumberOf(record), key: keyOf(record), cause });
      } catch (error) {
        fail(sink, { position, cause: error });
      }
    };

    let isDone: Done = () => false;
    let isPaused: ReadonlySet<string> = new Set();
    try {
      if (paused !== undefined) isPaused = await paused();
      if (progress !== undefined) isDone = await progress.recall(records);
    } catch (cause) {
      fail(decoding.name, { position: 0, cause });
      return answerOf(records, 0);
    }
    const { batch, unreadable } = readRecords(records, dependencies);
    for (const failure of unreadable) {
      if (!isDone(decoding.name, records[failure.position]!)) await giveUp(decoding.name, failure);
    }
    await Promise.all(
      sinks.map(async (sink) => {
        if (isPaused.has(sink.name)) return;
        const undone = partOf(batch, (position) => !isDone(sink.name, records[position]!));
        const { poisoned, others } = await outcomeOf(sink, undone, inTime);
        for (const failure of others) fail(sink.name, failure);
        for (const failure of poisoned) await giveUp(sink.name, failure);
      }),
    );
    const first = Math.min(...[...owed.values()].flatMap((positions) => [...positions]));
    if (Number.isFinite(first) && progress !== undefined) {
      try {
        await progress.remember(records.slice(first), [...owed.keys()], (sink, i) => !owed.get(sink)!.has(first + i));
      } catch (cause) {
        report({ sink: 'progress', sequenceNumber: sequenceNumberOf(records[first]!), cause });
      }
    }
    return answerOf(records, first);
  };
};

/** Named like a sink in what is reported and remembered. */
const decoding = { name: 'decode' };

const answerOf = (records: readonly StreamRecord[], first: number): DynamoDBBatchResponse => ({
  batchItemFailures: Number.isFinite(first) ? [{ itemIdentifier: sequenceNumberOf(records[first]!) }] : [],
});

/**
 * Hands a batch to a sink, and separates records that no repeat can help from the rest: a sink that writes a whole batch at once fails all
 * of it for one record, so each suspect is first tried alone.
 */
const outcomeOf = async (
  sink: Sink,
  batch: Batch,
  inTime: InTime,
): Promise<{ readonly poisoned: readonly Failure[]; readonly others: readonly Failure[] }> => {
  const failures = await attempted(sink, batch, inTime);
  const poisoned: Failure[] = [];
  const others = failures.filter(({ cause }) => !isPoison(cause));
  const suspects = failures.filter(({ cause }) => isPoison(cause));
  const isAlone = positionsOf(batch).length === 1;
  for (const [i, suspect] of suspects.entries()) {
    const outcome = isAlone
      ? [suspect]
      : i < aloneMax
        ? await attempted(
            sink,
            partOf(batch, (position) => position === suspect.position),
            inTime,
          )
        : [{ position: suspect.position, cause: new Error('too many of its batch failed to try each alone', suspect) }];
    for (const failure of outcome) (isPoison(failure.cause) ? poisoned : others).push(failure);
  }
  return { poisoned, others };
};

/** What the sink could not do: everything, if it throws or takes too long. */
const attempted = async (sink: Sink, batch: Batch, inTime: InTime): Promise<readonly Failure[]> => {
  const positions = positionsOf(batch);
  if (positions.length === 0) return [];
  try {
    return await inTime(sink.project(batch));
  } catch (cause) {
    return positions.map((position) => ({ position, cause }));
  }
};

/**
 * What our own code throws at a value that it cannot take. A connection that fails has a cause or a code, and a row of a newer version
 * waits for the deployment that reads it.
 */
const isPoison = (cause: unknown): boolean =>
  !(cause instanceof NewerRow) &&
  (cause instanceof RangeError || cause instanceof TypeError || cause instanceof SyntaxError) &&
  cause.cause === undefined &&
  !('code' in cause);
