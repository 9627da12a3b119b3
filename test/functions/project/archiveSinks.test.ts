import { describe, expect, it } from 'vitest';
import { archiveSink } from '../../../functions/project/archiveSink.ts';
import { featuresSink } from '../../../functions/project/featuresSink.ts';
import { projector, type Sink } from '../../../functions/project/project.ts';
import { memoryObjects } from '../../../shared/adapters/memory/objects.ts';
import { memoryTable } from '../../../shared/adapters/memory/table.ts';
import { featureNames } from '../../../shared/domain/features.ts';
import { decisionFromItem, decisionItem } from '../../../shared/ledger/items.ts';
import { type ArchiveLine, archivePrefix, readLines } from '../../../shared/model/archive.ts';
import { type Item, type ObjectStore, type TableStore, Throttled, Unavailable } from '../../../shared/ports/ports.ts';
import { readArchive } from '../../../shared/proof/archive.ts';
import { canonicalText } from '../../../shared/proof/canonical.ts';
import { hotDaysOf } from '../../../shared/proof/hotRows.ts';
import { labelItem } from '../../../shared/reviews/labels.ts';
import { auditKey } from '../../../shared/store/names.ts';
import { streamImage } from '../../../tools/local/streamImage.ts';
import { chainOf } from '../../tools/proof/builders.ts';
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

async function* readFeatures(archive: ObjectStore): AsyncGenerator<ArchiveLine> {
  for (const key of (await archive.list(archivePrefix)).keys) yield* readLines((await archive.get(key))!, key);
}

describe('the archive sink', () => {
  const entries = chainOf('alpha', 4).map((entry, position) => ({
    position,
    entry,
    item: { ...auditKey('alpha', position + 1), body: canonicalText(entry.body), hash: entry.hash },
  }));
  const table = memoryTable();
  const hotDays = null;

  it('stores every entry in order, and the same batch again changes nothing', async () => {
    const archive = memoryObjects();
    const sink = archiveSink({ archive, table, hotDays });
    for (const batch of [entries, entries]) expect(await sink.project({ decisions: [], entries: batch })).toEqual([]);
    const objects = await all(readArchive(archive, '0000-00-00', '9999-99-99'));
    expect(objects).toEqual([entries.map(({ entry }) => entry)]);
  });
  it('stores nothing of a batch without entries', async () => {
    const archive = memoryObjects();
    expect(await archiveSink({ archive, table, hotDays }).project({ decisions: [committed(0, 'txn_1')], entries: [] })).toEqual(
      [],
    );
    expect((await archive.list('')).keys).toEqual([]);
  });
  it('gives every entry back when the bucket does not answer', async () => {
    const failures = await archiveSink({ archive: down(), table, hotDays }).project({ decisions: [], entries });
    expect(failures.map(({ position }) => position)).toEqual([0, 1, 2, 3]);
  });

  describe('with hotDays', () => {
    const system = chainOf('system.dev', 1).map((entry) => ({
      position: 4,
      entry,
      item: { ...auditKey('system.dev', 1), body: canonicalText(entry.body), hash: entry.hash },
    }));
    const committedRows = async (): Promise<TableStore> => {
      const rows = memoryTable();
      for (const { item } of [...entries, ...system]) await rows.put(item);
      return rows;
    };
    const project = (rows: TableStore, archive = memoryObjects()) =>
      archiveSink({ archive, table: rows, hotDays: 30 }).project({ decisions: [], entries: [...entries, ...system] });
    const expiryOf = async (rows: TableStore, chain: string, sequence: number) =>
      (await rows.get(auditKey(chain, sequence)))?.ttl;

    it('lets the rows of archived entries expire so many days after their time, and changes nothing else of them', async () => {
      const rows = await committedRows();
      const archive = memoryObjects();
      for (let times = 0; times < 2; times++) expect(await project(rows, archive)).toEqual([]);
      for (const { entry, item } of entries) {
        const ttl = Date.parse(entry.body.at) / 1_000 + 30 * 86_400;
        expect(await rows.get(item)).toEqual({ ...item, ttl });
      }
      const [lines] = await all(readArchive(archive, '0000-00-00', '9999-99-99'));
      expect(lines!.map(({ expiresAt }) => expiresAt)).toEqual([
        ...(await Promise.all([1, 2, 3, 4].map((n) => expiryOf(rows, 'alpha', n)))),
        undefined,
      ]);
    });
    it('never lets a row of a system chain expire: the next is made from it', async () => {
      const rows = await committedRows();
      await project(rows);
      expect(await expiryOf(rows, 'system.dev', 1)).toBeUndefined();
    });
    it('lets nothing expire that is not in the archive', async () => {
      const rows = await committedRows();
      expect(await project(rows, down())).toHaveLength(5);
      for (const n of [1, 2, 3, 4]) expect(await expiryOf(rows, 'alpha', n)).toBeUndefined();
    });
    it('leaves a row alone that was altered, and does not bring one back that is gone', async () => {
      const rows = await committedRows();
      const altered = { ...entries[1]!.item, body: '{}' };
      await rows.put(altered);
      await rows.delete(entries[2]!.item);
      expect(await project(rows)).toEqual([]);
      expect(await rows.get(altered)).toEqual(altered);
      expect(await rows.get(entries[2]!.item)).toBeNull();
    });
    it('gives back the rows that could not be given their expiry', async () => {
      const rows = await committedRows();
      const busy: TableStore = {
        ...rows,
        put: (item, condition) => (item.sk.endsWith('3') ? Promise.reject(new Throttled('busy')) : rows.put(item, condition)),
      };
      expect((await project(busy)).map(({ position }) => position)).toEqual([2]);
    });
    it.each(['0', '-1', '1.5', 'x'])('refuses %s days, naming what is allowed', (text) => {
      expect(() => hotDaysOf(text)).toThrow(`hotDays is ${text}; allowed: a whole number from 1, or nothing`);
    });
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
      NewImage: streamImage(item),
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
