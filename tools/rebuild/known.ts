import { archivePrefix, readLines } from '../../shared/model/archive.ts';
import type { ObjectStore } from '../../shared/ports/ports.ts';
import { readArchive } from '../../shared/proof/archive.ts';
import { type CoverageStores, checkpointsSince } from '../../shared/proof/checkpointIndex.ts';
import type { Label } from '../../shared/reviews/labels.ts';
import { isFraud } from '../../shared/reviews/labels.ts';
import { inParallel } from '../../shared/store/parallel.ts';

/**
 * What the sinks hold already, so that a rebuild writes only what they lack. It is a help and no truth: a line that is overlooked is
 * written once more, and every reader drops copies.
 */

const dayMs = 86_400_000;
/** An object lies under the day of its first line; the other lines of its batch may be this much older or newer. */
const slackMs = 3 * dayMs;
/** Names held in memory, about 200 MB; what is above is written once more. */
const namesMax = 2_000_000;
const objectsAtOnce = 16;
const keysPerPage = 1_000;

const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

/** The hashes of the archived entries of a period. Throws store errors. */
export const archivedEntries = async (archive: ObjectStore, fromMs: number, toMs: number): Promise<ReadonlySet<string>> => {
  const hashes = new Set<string>();
  for await (const entries of readArchive(archive, dayOf(fromMs - slackMs), dayOf(toMs + slackMs))) {
    for (const { hash } of entries) if (hashes.size < namesMax) hashes.add(hash);
  }
  return hashes;
};

export const decisionLineName = (tenant: string, transactionId: string): string => `${tenant} ${transactionId}`;

/** A label that is replaced is another line. */
export const labelLineName = ({ tenant, transactionId, disposition, knownAtMs }: Label): string =>
  `${tenant} ${transactionId} ${isFraud(disposition)} ${knownAtMs}`;

/** The lines of the feature archive that lie under the days of a period, by name. Throws store errors. */
export const archivedLines = async (archive: ObjectStore, fromMs: number, toMs: number): Promise<ReadonlySet<string>> => {
  const names = new Set<string>();
  for (let ms = fromMs - slackMs; ms < toMs + slackMs + dayMs; ms += dayMs) {
    const prefix = `${archivePrefix}${dayOf(ms).replaceAll('-', '/')}/`;
    let after: string | undefined;
    do {
      const page: Awaited<ReturnType<ObjectStore['list']>> = await archive.list(prefix, {
        limit: keysPerPage,
        ...(after !== undefined && { after }),
      });
      await inParallel(page.keys, objectsAtOnce, async (key) => {
        const body = await archive.get(key);
        if (body === null) return;
        for await (const line of readLines(body, key)) {
          if (names.size >= namesMax) return;
          const { tenant, transactionId } = line;
          if (line.kind === 'decision') names.add(decisionLineName(tenant, transactionId));
          else names.add(`${tenant} ${transactionId} ${line.fraud} ${line.knownAtMs}`);
        }
      });
      after = page.after;
    } while (after !== undefined);
  }
  return names;
};

/** Through which entry checkpoints made since `fromMs` hold each chain. Throws store errors. */
export const coveredSequences = async (stores: CoverageStores, fromMs: number): Promise<ReadonlyMap<string, number>> => {
  const covered = new Map<string, number>();
  for await (const { leaves } of checkpointsSince(stores, fromMs)) {
    for (const { chain, sequence } of leaves) covered.set(chain, Math.max(sequence, covered.get(chain) ?? 0));
  }
  return covered;
};
