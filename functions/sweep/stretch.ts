import { NewerRow } from '../../shared/domain/rowFormat.ts';
import { decisionFromItem, isAuditItem, isDecisionItem } from '../../shared/ledger/items.ts';
import { accountFromItem } from '../../shared/ledger/state.ts';
import type { Clock, Item, Key, TableStore } from '../../shared/ports/ports.ts';
import { sweepShares } from '../../shared/proof/sweptShares.ts';
import { prefixes, sequenceText, stateKey } from '../../shared/store/names.ts';
import type { Finding } from './finding.ts';

/** What the table holds of a stretch of a share. */
export interface Stretch {
  /** The last sequence seen of each chain. */
  readonly chains: ReadonlyMap<string, number>;
  readonly entries: number;
  readonly states: readonly SeenState[];
  /** The first decision of each chain: it names the account whose state must be there. */
  readonly firsts: readonly { readonly chain: string; readonly state: Key }[];
  readonly unreadable: readonly Finding[];
  /** The key after which to go on; null at the end of the share. */
  readonly after: Key | null;
}

export interface SeenState {
  readonly key: Key;
  readonly chain: string;
  readonly sequence: number;
  readonly head: string;
}

/** Items of a page: with rows of about 1 KB as many as the megabyte that one read gives. */
const pageItems = 1_000;
export const stretchPagesMax = 200;
/** Further pages for an end that names nobody. */
const pagesBeyondMax = 20;

/** Reads on in a share: until its end, so many pages, or the time. */
export const readStretch = async (
  { table, clock }: { readonly table: TableStore; readonly clock: Clock },
  share: number,
  after: Key | null,
  untilMs: number,
): Promise<Stretch> => {
  const seen = new Seen();
  let place = after;
  for (let pages = 1; ; pages += 1) {
    const { items, after: next } = await table.scan({
      limit: pageItems,
      segment: { index: share, of: sweepShares },
      ...(place !== null && { after: place }),
    });
    const isEnough = next !== undefined && (pages >= stretchPagesMax || clock.nowMs() >= untilMs);
    // The place stays in the table for a while: it is no key with the ids of a person.
    const end = isEnough ? items.findLastIndex(namesNobody) : -1;
    if (end >= 0) return seen.of(items.slice(0, end + 1), keyOf(items[end]!));
    if (next === undefined) return seen.of(items, null);
    if (isEnough && pages >= stretchPagesMax + pagesBeyondMax) return seen.of(items, next);
    seen.take(items);
    place = next;
  }
};

const keyOf = ({ pk, sk }: Item): Key => ({ pk, sk });

const namesNobody = (item: Item): boolean => isAuditItem(item) || isDecisionItem(item);

class Seen {
  readonly #chains = new Map<string, number>();
  #entries = 0;
  readonly #states: SeenState[] = [];
  readonly #firsts: { readonly chain: string; readonly state: Key }[] = [];
  readonly #unreadable: Finding[] = [];

  take(items: readonly Item[]): void {
    for (const item of items) {
      try {
        this.#takeOne(item);
      } catch (error) {
        // A row of a newer version is for that version's sweep.
        if (!(error instanceof NewerRow)) this.#unreadable.push({ kind: 'unreadable', name: item.pk.slice(0, 2) });
      }
    }
  }

  of(items: readonly Item[], after: Key | null): Stretch {
    this.take(items);
    return {
      chains: this.#chains,
      entries: this.#entries,
      states: this.#states,
      firsts: this.#firsts,
      unreadable: this.#unreadable,
      after,
    };
  }

  #takeOne(item: Item): void {
    if (isAuditItem(item)) {
      const chain = item.pk.slice(prefixes.audit.length);
      const sequence = Number(item.sk);
      if (item.sk !== sequenceText(sequence)) throw new RangeError(`the row ${item.pk} / ${item.sk} has no sequence`);
      this.#entries += 1;
      this.#chains.set(chain, Math.max(sequence, this.#chains.get(chain) ?? 0));
    } else if (isDecisionItem(item)) {
      const { tenant, chain, decision, erased } = decisionFromItem(item);
      const { accountId, userId } = decision.transaction;
      if (decision.sequence === 1 && !erased) this.#firsts.push({ chain, state: stateKey(tenant, accountId, userId) });
    } else if (item.pk.startsWith(prefixes.state)) {
      const { chain, sequence, head } = accountFromItem(item);
      this.#states.push({ key: keyOf(item), chain, sequence, head });
    }
  }
}
