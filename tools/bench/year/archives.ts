import { gzipSync } from 'node:zlib';
import { featureNames } from '../../../shared/domain/features.ts';
import { auditFromItem, decisionFromItem } from '../../../shared/ledger/items.ts';
import {
  type ArchivedDecision,
  type ArchivedLabel,
  type ArchiveLine,
  archiveObject,
  archivePrefix,
} from '../../../shared/model/archive.ts';
import { rowOfEntry } from '../../../shared/parquet/entries.ts';
import type { Item } from '../../../shared/ports/ports.ts';
import { canonicalText } from '../../../shared/proof/canonical.ts';
import { asAuditEntry } from '../../../shared/proof/entry.ts';
import type { SeededRandom } from '../../../shared/store/random.ts';
import { seededRandom } from '../../../shared/store/random.ts';
import { compactedLanes, compactedToMs } from './compacted.ts';
import { habits, type Templates, transactionId } from './items.ts';
import type { ObjectLane } from './objects.ts';
import { chainOf, dayMs, type History, risingHash, tenant } from './shape.ts';

/** Feature vectors that payments have in turn. */
const vectors = 512;

/**
 * What the project stage has written, an object for every batch of the stream, and what the compaction has made of it: feature objects of
 * compacted days are gone, audit objects stay. With `hotDays` the real accounts' entries say when their rows may go.
 */
export const archiveLanes = (
  history: History,
  templates: Templates,
  real: readonly Item[],
  hotDays: number | null,
): readonly ObjectLane[] => {
  const random = seededRandom(7);
  const { signals, outcome } = decisionFromItem(templates.decision).decision;
  const features = Array.from({ length: vectors }, () => vector(random));
  const { body } = auditFromItem(templates.audit);

  const decisionLine = (entry: number): ArchivedDecision => ({
    kind: 'decision',
    tenant,
    transactionId: transactionId(entry),
    occurredAtMs: history.atMs(entry),
    features: features[entry % vectors]!,
    signals,
    outcome,
  });
  /** What a person found out within a day. */
  const labelLine = (entry: number): ArchivedLabel | null => {
    if (entry < 0 || entry % habits.reviewedEvery !== 0) return null;
    const fraud = entry % (2 * habits.reviewedEvery) === 0;
    return { kind: 'label', tenant, transactionId: transactionId(entry), fraud, knownAtMs: history.atMs(entry) + dayMs };
  };
  const aDay = Math.round(dayMs / history.everyMs);
  const entriesOf = (batch: number): readonly number[] => {
    const [from, to] = history.batch(batch);
    return Array.from({ length: to - from }, (_, i) => from + i);
  };
  const day = (batch: number): string => new Date(history.atMs(history.batch(batch)[0])).toISOString().slice(0, 10);

  const lines = (batch: number): readonly ArchiveLine[] =>
    entriesOf(batch).flatMap((entry) => [decisionLine(entry), labelLine(entry - aDay) ?? []].flat());
  const auditKey = (batch: number): string => `audit/${day(batch)}/${risingHash(batch)}.jsonl.gz`;
  const firstSmall = history.firstBatchAt(compactedToMs(history));

  return [
    {
      prefix: archivePrefix,
      count: history.batches - firstSmall,
      key: (place) => {
        const batch = firstSmall + place;
        return `${archivePrefix}${day(batch).replaceAll('-', '/')}/${risingHash(batch)}.jsonl.gz`;
      },
      value: (place) => archiveObject(lines(firstSmall + place)).body,
    },
    {
      prefix: 'audit/',
      count: history.batches,
      key: auditKey,
      value: (batch) =>
        gzipSync(
          entriesOf(batch)
            .map((entry) => {
              const own = { chain: chainOf(history.accountOf(entry)), sequence: history.sequenceOf(entry) };
              const at = new Date(history.atMs(entry)).toISOString();
              return `${canonicalText({ body: { ...body, ...own, at }, hash: risingHash(entry) })}\n`;
            })
            .join(''),
        ),
    },
    ...compactedLanes(
      history,
      { auditKey, decision: decisionLine, label: labelLine, entryRow: rowOfEntry(asAuditEntry(auditFromItem(templates.audit))) },
      real,
      hotDays,
    ),
  ];
};

const vector = (random: SeededRandom): readonly number[] => featureNames.map(() => Math.round(random.fraction() * 10_000) / 100);
