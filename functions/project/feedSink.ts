import { toBaseMinor } from '../../shared/domain/money.ts';
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
import { queryItems } from '../../shared/store/pages.ts';
import { failuresInTurn } from './inTurn.ts';
import { policyReader } from './policyReader.ts';
import type { CommittedDecision, Sink } from './project.ts';

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
  readonly committed: CommittedDecision;
  readonly entry: FeedEntry;
}

/** Decisions of one tenant and slot that fit a page, each once, in the order of the feed. */
interface Run {
  readonly tenant: string;
  readonly members: readonly Member[];
}

function runsOf(decisions: readonly CommittedDecision[]): Run[] {
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
        add: additions(
          fresh.map(({ committed }) => committed.decision),
          await blockedMinor(table, fresh),
        ),
        set: { ...counterExpiry(oldestMs), ...(queueAge !== null && queueAgeAttributes(queueAge)) },
      },
      condition: unmoved(counter),
    },
    { kind: 'put', item: pageItem(tenant, 'all', entries), condition: { kind: 'absent' } },
  ];
  if (flagged.length > 0) writes.push({ kind: 'put', item: pageItem(tenant, 'flagged', flagged), condition: { kind: 'absent' } });
  await table.transact(writes, { once: true });
}

/** What the BLOCKed payments are worth in the base currency of the policy that decided; one in a currency without a rate counts nothing. */
async function blockedMinor(table: TableStore, members: readonly Member[]): Promise<number> {
  const policyOf = policyReader(table);
  let sum = 0;
  for (const { committed } of members) {
    const { outcome, transaction, policyVersion } = committed.decision;
    if (outcome !== 'BLOCK') continue;
    const { baseCurrency, rates } = await policyOf(committed.tenant, policyVersion);
    sum += toBaseMinor(transaction.amountMinor, transaction.currency, baseCurrency, rates) ?? 0;
  }
  return Math.min(sum, Number.MAX_SAFE_INTEGER);
}

const unmoved = (counter: Item | null): Condition =>
  counter === null ? { kind: 'absent' } : { kind: 'equals', attribute: 'revision', value: countOf(counter, 'revision') };

/** The ids of every projected decision from `fromMs` to the end of its slot. */
async function projectedIds(table: TableStore, tenant: string, fromMs: number): Promise<Set<string>> {
  const ids = new Set<string>();
  const query = { pk: feedDayKey(tenant, 'all', fromMs), ...slotBounds(fromMs), limit: pagesPerQuery, consistent: true };
  const feedPages = queryItems(table, query, {
    pagesMax: Math.ceil(slotPagesMax / pagesPerQuery),
    beyond: `the feed of ${tenant} has more than ${slotPagesMax} pages in the slot of ${new Date(fromMs).toISOString()}`,
  });
  for await (const page of feedPages) {
    for (const entry of pageEntries(page)) ids.add(entry.transaction.transactionId);
  }
  return ids;
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
