import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { featureNames } from '../../../shared/domain/features.ts';
import { auditFromItem, decisionFromItem } from '../../../shared/ledger/items.ts';
import { type ArchiveLine, archiveObject, archivePrefix } from '../../../shared/model/archive.ts';
import { canonicalText } from '../../../shared/proof/canonical.ts';
import type { SeededRandom } from '../../../shared/store/random.ts';
import { seededRandom } from '../../../shared/store/random.ts';
import { habits, type Templates, transactionId } from './items.ts';
import type { ObjectLane } from './objects.ts';
import { chainOf, dayMs, type History, tenant } from './shape.ts';

/** Feature vectors that payments have in turn. */
const vectors = 512;

/** What the project stage has written: an object for every batch of the stream, of features and of audit entries. */
export const archiveLanes = (history: History, templates: Templates): readonly ObjectLane[] => {
  const random = seededRandom(7);
  const { signals, outcome } = decisionFromItem(templates.decision).decision;
  const features = Array.from({ length: vectors }, () => vector(random));
  const { body } = auditFromItem(templates.audit);

  const decisionLine = (entry: number): ArchiveLine => ({
    kind: 'decision',
    tenant,
    transactionId: transactionId(entry),
    occurredAtMs: history.atMs(entry),
    features: features[entry % vectors]!,
    signals,
    outcome,
  });
  /** Of a payment that was reviewed the day before. */
  const labelLines = (entry: number): readonly ArchiveLine[] => {
    const labelled = entry - Math.round(dayMs / history.everyMs);
    if (labelled < 0 || labelled % habits.reviewedEvery !== 0) return [];
    const fraud = labelled % (2 * habits.reviewedEvery) === 0;
    return [{ kind: 'label', tenant, transactionId: transactionId(labelled), fraud, knownAtMs: history.atMs(entry) }];
  };
  const entriesOf = (batch: number): readonly number[] => {
    const [from, to] = history.batch(batch);
    return Array.from({ length: to - from }, (_, i) => from + i);
  };
  const day = (batch: number): string => new Date(history.atMs(history.batch(batch)[0])).toISOString().slice(0, 10);

  return [
    {
      prefix: archivePrefix,
      count: history.batches,
      key: (batch) => `${archivePrefix}${day(batch).replaceAll('-', '/')}/${risingHash(batch)}.jsonl.gz`,
      value: (batch) => archiveObject(entriesOf(batch).flatMap((entry) => [decisionLine(entry), ...labelLines(entry)])).body,
    },
    {
      prefix: 'audit/',
      count: history.batches,
      key: (batch) => `audit/${day(batch)}/${risingHash(batch)}.jsonl.gz`,
      value: (batch) =>
        gzipSync(
          entriesOf(batch)
            .map((entry) => {
              const own = { chain: chainOf(history.accountOf(entry)), sequence: history.sequenceOf(entry) };
              return `${canonicalText({ body: { ...body, ...own }, hash: risingHash(entry) })}\n`;
            })
            .join(''),
        ),
    },
  ];
};

const vector = (random: SeededRandom): readonly number[] => featureNames.map(() => Math.round(random.fraction() * 10_000) / 100);

/** 64 digits that rise with the number, as hashes do not: a page of keys is found without knowing all of them. */
const risingHash = (number: number): string =>
  `${number.toString(16).padStart(12, '0')}${createHash('sha256').update(String(number)).digest('hex').slice(12)}`;
