import type { Clock, Condition, Item, Randomness, TableStore, Write } from '../../shared/ports/ports.ts';
import {
  additions,
  counterExpiry,
  counterKey,
  countOf,
  type QueueAge,
  queueAgeAttributes,
  queueAgeOf,
} from '../../shared/projection/counters.ts';
import {
  entryOf,
  type FeedEntry,
  feedDayKey,
  isFlagged,
  pageEntries,
  pagefuls,
  pageItem,
  positionOf,
  slotBounds,
  slotPagesMax,
  slotStartMs,
} from '../../shared/projection/feed.ts';
import { failuresInTurn } from './inTurn.ts';
import type { Committed, Sink } from './project.ts';

export interface FeedDependencies {
  readonly table: TableStore;
  readonly clock: Clock;
  readonly randomness: Randomness;
}

const attemptsMax = 8;
const pauseMs = 20;
const pauseMsMax = 1_000;
const pagesPerQuery = 50;
/** Messages decided within one of these count as one batch of the queue. */
const batchMs = 1_000;

/**
 * Writes the feeds and the minute counters. Decisions of one tenant and slot go in with one transaction: a page for each feed and what
 * they add to the minute's counter. Before it, what the slot already holds is dropped; the transaction holds only if the counter's
 * revision is still the one read before that, so that a decision is counted once however often and beside whom it is delivered.
 */
export const feedSink = (dependencies: FeedDependencies): Sink => ({
  name: 'feed',
  async project({ decisions }) {
    const failures = await failuresInTurn(runsOf(decisions), (run) => projectRun(dependencies, run));
    return failures.flatMap(({ value: { members }, cause }) =>
      members.map(({ committed: { position } }) => ({ position, cause })),
    );
  },
});

interface Member {
  readonly committed: Committed;
  readonly entry: FeedEntry;
}

/** Decisions of one tenant and slot that fit a page, each once, in the order of the feed. */
interface Run {
  readonly tenant: string;
  readonly members: readonly Member[];
}

function runsOf(decisions: readonly Committed[]): Run[] {
  const groups = Map.groupBy(decisions, ({ tenant, decision }) => `${slotStartMs(decision.decidedAtMs)} ${tenant}`);
  return [...groups.values()].flatMap((group) => {
    const members = new Map<string, Member>();
    for (const committed of group) {
      const entry = entryOf(committed.decision);
      members.set(positionOf(entry), { committed, entry });
    }
    const ordered = [...members].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, member]) => member);
    return pagefuls(ordered, ({ entry }) => entry).map((run) => ({ tenant: group[0]!.tenant, members: run }));
  });
}

async function projectRun({ table, clock, randomness }: FeedDependencies, run: Run): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await projectOnce(table, run);
    } catch (error) {
      if (attempt === attemptsMax) throw error;
      await clock.sleep(Math.min(pauseMsMax, pauseMs * 2 ** attempt) * randomness.fraction());
    }
  }
}

async function projectOnce(table: TableStore, { tenant, members }: Run): Promise<void> {
  const oldestMs = members[0]!.entry.decidedAtMs;
  const key = counterKey(tenant, oldestMs);
  const counter = await table.get(key, { consistent: true });
  const known = await projectedIds(table, tenant, oldestMs);
  const fresh = members.filter(({ entry }) => !known.has(entry.transaction.transactionId));
  if (fresh.length === 0) return;

  const entries = fresh.map(({ entry }) => entry);
  const flagged = entries.filter(isFlagged);
  const queueAge = newestQueueAge(counter, fresh);
  const writes: Write[] = [
    {
      kind: 'update',
      key,
      change: {
        add: additions(fresh.map(({ committed }) => committed.decision)),
        set: { ...counterExpiry(oldestMs), ...(queueAge !== null && queueAgeAttributes(queueAge)) },
      },
      condition: unmoved(counter),
    },
    { kind: 'put', item: pageItem(tenant, 'all', entries), condition: { kind: 'absent' } },
  ];
  if (flagged.length > 0) writes.push({ kind: 'put', item: pageItem(tenant, 'flagged', flagged), condition: { kind: 'absent' } });
  await table.transact(writes, { once: true });
}

const unmoved = (counter: Item | null): Condition =>
  counter === null ? { kind: 'absent' } : { kind: 'equals', attribute: 'revision', value: countOf(counter, 'revision') };

/** The ids of every projected decision from `fromMs` to the end of its slot. */
async function projectedIds(table: TableStore, tenant: string, fromMs: number): Promise<Set<string>> {
  const ids = new Set<string>();
  const query = { pk: feedDayKey(tenant, 'all', fromMs), ...slotBounds(fromMs), limit: pagesPerQuery, consistent: true };
  let after: string | undefined;
  for (let pages = 0; pages < slotPagesMax; pages += pagesPerQuery) {
    const answer = await table.query(after === undefined ? query : { ...query, after });
    for (const page of answer.items) for (const entry of pageEntries(page)) ids.add(entry.transaction.transactionId);
    after = answer.after;
    if (after === undefined) return ids;
  }
  throw new Error(`the feed of ${tenant} has more than ${slotPagesMax} pages in the slot of ${new Date(fromMs).toISOString()}`);
}

/** The newest of what the counter has and what these decisions bring; null when that is nothing new. */
function newestQueueAge(counter: Item | null, fresh: readonly Member[]): QueueAge | null {
  let newest = queueAgeOf(counter);
  let changed = false;
  for (const { committed } of fresh) {
    if (committed.queueAgeMs === null) continue;
    const atMs = Math.floor(committed.decision.decidedAtMs / batchMs) * batchMs;
    if (newest !== null && newest.atMs > atMs) continue;
    if (newest !== null && newest.atMs === atMs && newest.ageMs >= committed.queueAgeMs) continue;
    newest = { atMs, ageMs: committed.queueAgeMs };
    changed = true;
  }
  return changed ? newest : null;
}
