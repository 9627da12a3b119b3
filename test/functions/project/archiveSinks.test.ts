import { describe, expect, it } from 'vitest';
import { archiveSink } from '../../../functions/project/archiveSink.ts';
import { featuresSink } from '../../../functions/project/featuresSink.ts';
import { projector, type Sink } from '../../../functions/project/project.ts';
import { toAttributeValue } from '../../../local/tableSource.ts';
import { featureNames } from '../../../shared/domain/features.ts';
import { decisionFromItem, decisionItem } from '../../../shared/ledger/items.ts';
import { memoryObjects } from '../../../shared/memory/objects.ts';
import { type ArchiveLine, readArchive as readFeatures } from '../../../shared/model/archive.ts';
import { type Item, Unavailable } from '../../../shared/ports.ts';
import { readArchive } from '../../../shared/proof/archive.ts';
import { labelItem } from '../../../shared/reviews/labels.ts';
import { chainOf } from '../../proof/builders.ts';
import { aDecision } from './builders.ts';

const features = featureNames.map((_, i) => i / 4);
const committed = (position: number, transactionId: string) => ({
  position,
  tenant: 'acme',
  decision: aDecision({ transaction: { transactionId }, features }),
  queueAgeMs: null,
});
const label = {
  tenant: 'acme',
  transactionId: 'txn_1',
  disposition: 'CONFIRMED_FRAUD' as const,
  knownAtMs: Date.UTC(2026, 10, 21),
  fingerprint: 'ab',
  chain: 'c',
  sequence: 2,
};

const down = () => ({
  ...memoryObjects(),
  put: async () => {
    throw new Unavailable('down');
  },
});

const all = async <T>(lines: AsyncIterable<T>): Promise<T[]> => {
  const found: T[] = [];
  for await (const line of lines) found.push(line);
  return found;
};

describe('the archive sink', () => {
  const entries = chainOf('alpha', 4).map((entry, position) => ({ position, entry }));

  it('stores every entry in order, and the same batch again changes nothing', async () => {
    const archive = memoryObjects();
    const sink = archiveSink({ archive });
    for (const batch of [entries, entries]) expect(await sink.project({ decisions: [], entries: batch })).toEqual([]);
    const objects = await all(readArchive(archive, '0000-00-00', '9999-99-99'));
    expect(objects).toEqual([entries.map(({ entry }) => entry)]);
  });
  it('stores nothing of a batch without entries', async () => {
    const archive = memoryObjects();
    expect(await archiveSink({ archive }).project({ decisions: [committed(0, 'txn_1')], entries: [] })).toEqual([]);
    expect((await archive.list('')).keys).toEqual([]);
  });
  it('gives every entry back when the bucket does not answer', async () => {
    const failures = await archiveSink({ archive: down() }).project({ decisions: [], entries });
    expect(failures.map(({ position }) => position)).toEqual([0, 1, 2, 3]);
  });
});

describe('the features sink', () => {
  it('stores what the model saw and what became known, once however often it comes', async () => {
    const archive = memoryObjects();
    const sink = featuresSink({ archive });
    const batch = { decisions: [committed(0, 'txn_1')], entries: [], labels: [{ position: 1, label }] };
    for (const again of [batch, batch]) expect(await sink.project(again)).toEqual([]);
    const { transaction, signals, outcome } = batch.decisions[0]!.decision;
    const lines: ArchiveLine[] = [
      {
        kind: 'decision',
        tenant: 'acme',
        transactionId: 'txn_1',
        occurredAtMs: transaction.occurredAtMs,
        features,
        signals,
        outcome,
      },
      { kind: 'label', tenant: 'acme', transactionId: 'txn_1', fraud: true, knownAtMs: label.knownAtMs },
    ];
    expect(await all(readFeatures(archive))).toEqual(lines);
  });
  it('stores no id but that of the transaction', async () => {
    const archive = memoryObjects();
    await featuresSink({ archive }).project({ decisions: [committed(0, 'txn_1')], entries: [] });
    const text = JSON.stringify(await all(readFeatures(archive)));
    expect(text).not.toMatch(/u_42|a_7/);
  });
  it('gives decisions and labels back when the bucket does not answer', async () => {
    const batch = { decisions: [committed(4, 'txn_1')], entries: [], labels: [{ position: 6, label }] };
    const failures = await featuresSink({ archive: down() }).project(batch);
    expect(failures.map(({ position }) => position)).toEqual([4, 6]);
  });
});

describe('the projector', () => {
  const recordOf = (eventName: 'INSERT' | 'MODIFY' | 'REMOVE', item: Item, number: number) => ({
    eventName,
    dynamodb: {
      SequenceNumber: `s${number}`,
      Keys: { pk: { S: item.pk }, sk: { S: item.sk } },
      NewImage: Object.fromEntries(Object.entries(item).map(([name, value]) => [name, toAttributeValue(value)])),
    },
  });

  it('hands sinks a label whenever it is said or replaced, and no decision that was erased', async () => {
    const seen: unknown[] = [];
    const spy: Sink = {
      name: 'spy',
      async project({ decisions, labels = [] }) {
        seen.push(...decisions.map(({ decision }) => decision.transaction.transactionId));
        seen.push(...labels.map(({ position, label: { disposition } }) => [position, disposition]));
        return [];
      },
    };
    const stored = (transactionId: string, erased: boolean) =>
      decisionItem({
        tenant: 'acme',
        correlationId: null,
        chain: 'c',
        queueAgeMs: null,
        erased,
        decision: aDecision({ transaction: { transactionId } }),
      });
    const Records = [
      recordOf('INSERT', stored('kept', false), 1),
      recordOf('INSERT', stored('gone', true), 2),
      recordOf('INSERT', labelItem(label), 3),
      recordOf('MODIFY', labelItem({ ...label, disposition: 'LEGITIMATE' }), 4),
      recordOf('REMOVE', labelItem(label), 5),
    ];
    const report = ({ cause }: { readonly cause: unknown }) => {
      throw cause;
    };
    expect(await projector({ sinks: [spy], decode: decisionFromItem, report })({ Records })).toEqual({ batchItemFailures: [] });
    expect(seen).toEqual(['kept', [2, 'CONFIRMED_FRAUD'], [3, 'LEGITIMATE']]);
  });
});
