import { dayMs, hourMs, minuteMs } from '../../../shared/domain/durations.ts';
import { featureNames } from '../../../shared/domain/features.ts';
import type { AccountState } from '../../../shared/domain/state.ts';
import { decisionFromItem, isAuditItem, isDecisionItem, type StoredDecision } from '../../../shared/ledger/items.ts';
import { accountFromItem, stateItem } from '../../../shared/ledger/state.ts';
import { schemaHash } from '../../../shared/model/features.ts';
import { type Manifest, manifestAttributes } from '../../../shared/model/manifest.ts';
import { compilePolicy } from '../../../shared/policy/compile.ts';
import { defaultPolicy } from '../../../shared/policy/default.ts';
import type { Attribute, Item } from '../../../shared/ports/ports.ts';
import { additions, counterExpiry, counterKey } from '../../../shared/projection/counters.ts';
import {
  entryOf,
  type Feed,
  type FeedEntry,
  feedDayKey,
  feedRetentionDays,
  pageItem,
  positionOf,
} from '../../../shared/projection/feed.ts';
import { type Label, labelItem } from '../../../shared/reviews/labels.ts';
import { joined, newReview, type Review, reviewItem, reviewPlace } from '../../../shared/reviews/review.ts';
import {
  auditKey,
  decisionKey,
  modelPointerKey,
  modelVersionKey,
  policyPointerKey,
  policyVersionKey,
  prefixes,
  reviewMemberKey,
  sequenceText,
  stateKey,
} from '../../../shared/store/names.ts';
import type { Family, ItemLane, SyntheticItems } from './lane.ts';
import { accountOfChain, chainOf, type History, startMs, tenant } from './shape.ts';

/** Shares of the payments, and how often people change something. */
export const habits = {
  /** One payment in so many is held for a person, who looks at it within a day; half of those are labelled fraud. */
  reviewedEvery: 200,
  /** One payment in so many triggers a signal. */
  flaggedEvery: 30,
  modelEveryDays: 1,
  policyEveryDays: 7,
  merchants: 100_000,
} as const;

/** Items that the real engine made, whose bytes stand for those of every synthetic account. */
export interface Templates {
  readonly state: AccountState;
  readonly decision: Item;
  readonly audit: Item;
}

export const templatesOf = (items: readonly Item[]): Templates => {
  const last = <T>(found: readonly T[]): T => found[Math.floor(found.length / 2)]!;
  return {
    state: accountFromItem(last(items.filter(({ pk }) => pk.startsWith(prefixes.state)))),
    decision: last(items.filter(isDecisionItem)),
    audit: last(items.filter(isAuditItem)),
  };
};

export const accountId = (account: number): string => `acct-${account}`;
export const userId = (account: number): string => `user-${account}`;
export const transactionId = (entry: number): string => `txn-${entry}`;

const numbered = /^txn-(\d+)$/;

/** What the table holds after so many days, as far as no real account made it. */
export class SyntheticTable implements SyntheticItems {
  readonly families: readonly Family[];
  readonly #history: History;
  readonly #templates: Templates;
  readonly #decision: StoredDecision;
  readonly #index: { readonly pk: string; readonly lane: ItemLane };

  constructor(history: History, templates: Templates, index: { readonly pk: string; readonly lane: ItemLane }) {
    this.#history = history;
    this.#templates = templates;
    this.#decision = decisionFromItem(templates.decision);
    this.#index = index;
    this.families = this.#families();
  }

  lane(pk: string): ItemLane | null {
    const [prefix, ...rest] = pk.split('#');
    if (pk === this.#index.pk) return this.#index.lane;
    switch (`${prefix}#`) {
      case prefixes.state:
        return this.#one(rest, /^acct-(\d+)$/, Math.min(this.#history.shape.accounts, this.#history.entries), (i) =>
          this.#state(i),
        );
      case prefixes.decision:
        return this.#one(rest, numbered, this.#history.entries, (entry) => this.#decisionItem(entry));
      case prefixes.label:
        return this.#one(rest, numbered, this.#history.entries, (entry) => (this.#isReviewed(entry) ? this.#label(entry) : null));
      case prefixes.audit:
        return this.#chain(rest[0]!);
      case prefixes.feed:
        return this.#feed(rest[1] as Feed, rest[2]!);
      case prefixes.counter:
        return this.#counters(rest[1]!);
      case prefixes.review:
        if (rest[1] === 'member')
          return this.#one([rest[0]!, rest[2]!], numbered, this.#history.entries, (entry) => this.#member(entry));
        return rest[1] === 'open' || rest[1] === 'closed' ? this.#reviews(rest[1]) : null;
      case prefixes.model:
        return this.#models();
      case prefixes.policy:
        return this.#policies();
      default:
        return null;
    }
  }

  /** Items that name the newest versions. */
  pointers(): readonly Item[] {
    const models = this.#models().count;
    const policies = this.#policies().count;
    return [
      ...(models === 0 ? [] : [{ ...modelPointerKey, version: models, sha256: this.#manifest(models).sha256, moves: models }]),
      { ...policyPointerKey(tenant), active: policies, latest: policies },
    ];
  }

  /** The entry of a feed that stands for a payment. */
  feedEntry(entry: number): FeedEntry {
    const { decision } = this.#decision;
    const account = this.#history.accountOf(entry);
    const own = { transactionId: transactionId(entry), accountId: accountId(account), userId: userId(account) };
    const atMs = this.#history.atMs(entry);
    return entryOf({ ...decision, decidedAtMs: atMs, transaction: { ...decision.transaction, ...own, occurredAtMs: atMs } });
  }

  #one(rest: readonly string[], pattern: RegExp, count: number, make: (place: number) => Item | null): ItemLane | null {
    const place = Number(pattern.exec(rest[1] ?? '')?.[1] ?? Number.NaN);
    const item = rest[0] === tenant && place < count ? make(place) : null;
    return item && { count: 1, key: () => item.sk, value: () => item };
  }

  #state(account: number): Item {
    const sequence = this.#history.paymentsOf(account);
    const state = { ...this.#templates.state, chain: chainOf(account), sequence, payments: sequence };
    return {
      ...stateItem(tenant, accountId(account), userId(account), state),
      ...stateKey(tenant, accountId(account), userId(account)),
    };
  }

  #decisionItem(entry: number): Item {
    return { ...decisionKey(tenant, transactionId(entry)), d: this.#templates.decision.d! };
  }

  #auditItem(chain: string, sequence: number): Item {
    return { ...auditKey(chain, sequence), p: this.#templates.audit.p! };
  }

  #chain(chain: string): ItemLane | null {
    const account = accountOfChain(chain);
    if (account === null || account >= this.#history.shape.accounts) return null;
    return {
      count: this.#history.paymentsOf(account),
      key: (place) => sequenceText(place + 1),
      value: (place) => this.#auditItem(chain, place + 1),
    };
  }

  #isReviewed(entry: number): boolean {
    return entry % habits.reviewedEvery === 0;
  }

  #label(entry: number): Item {
    const disposition = entry % (2 * habits.reviewedEvery) === 0 ? 'CONFIRMED_FRAUD' : 'LEGITIMATE';
    const label: Label = {
      tenant,
      transactionId: transactionId(entry),
      disposition,
      knownAtMs: this.#history.atMs(entry) + dayMs,
      fingerprint: 'ab'.repeat(32),
      chain: chainOf(this.#history.accountOf(entry)),
      sequence: this.#history.sequenceOf(entry),
      said: { by: 'key_of_ana', source: 'ANALYST' },
    };
    return labelItem(label);
  }

  #review(entry: number, state: Review['state']): Review {
    const account = this.#history.accountOf(entry);
    const decidedAtMs = this.#history.atMs(entry);
    const flagged = {
      transactionId: transactionId(entry),
      outcome: 'REVIEW',
      decidedAtMs,
      score: 40,
      amountMinor: 100_000,
      reasons: ['TOTAL_SPEND_24H'],
      population: { mean: 11.5, sd: 1.5 },
    } as const;
    const review = joined(newReview(tenant, accountId(account), userId(account), flagged), [flagged]);
    if (state === 'open') return review;
    const closed = { disposition: 'LEGITIMATE', transactionId: flagged.transactionId, atMs: decidedAtMs + dayMs } as const;
    return { ...review, state, closed };
  }

  #member(entry: number): Item | null {
    if (!this.#isReviewed(entry)) return null;
    return { ...reviewMemberKey(tenant, transactionId(entry)), place: reviewPlace(this.#review(entry, 'closed')) };
  }

  #reviews(state: Review['state']): ItemLane {
    const all = Math.ceil(this.#history.entries / habits.reviewedEvery);
    const open = Math.min(all, Math.ceil(dayMs / this.#history.everyMs / habits.reviewedEvery));
    const first = state === 'open' ? all - open : 0;
    const review = (place: number): Review => this.#review((first + place) * habits.reviewedEvery, state);
    return {
      count: state === 'open' ? open : all - open,
      key: (place) => reviewPlace(review(place)),
      value: (place) => reviewItem(tenant, review(place)),
    };
  }

  /** A page for each batch, and a flagged one for the batches in which a payment triggered. Pages go after their time. */
  #feed(feed: Feed, day: string): ItemLane | null {
    const history = this.#history;
    const dayAtMs = Date.parse(`${day}T00:00:00Z`);
    if (dayAtMs + (feedRetentionDays + 1) * dayMs < history.endMs || dayAtMs >= history.endMs) return null;
    const first = history.firstBatchAt(dayAtMs);
    const end = history.firstBatchAt(dayAtMs + dayMs);
    if (feed === 'all') return this.#feedPages(feed, end - first, (place) => history.batch(first + place));
    const firstFlagged = Math.ceil(history.batch(first)[0] / habits.flaggedEvery);
    const endFlagged = Math.ceil(history.batch(end)[0] / habits.flaggedEvery);
    return this.#feedPages(feed, endFlagged - firstFlagged, (place) => {
      const entry = (firstFlagged + place) * habits.flaggedEvery;
      return [entry, entry + 1];
    });
  }

  #feedPages(feed: Feed, count: number, entriesOf: (place: number) => readonly [number, number]): ItemLane {
    const page = (place: number): FeedEntry[] => {
      const [from, to] = entriesOf(place);
      return Array.from({ length: to - from }, (_, i) => this.feedEntry(from + i));
    };
    return {
      count,
      key: (place) => positionOf(this.feedEntry(entriesOf(place)[1] - 1)),
      value: (place) => pageItem(tenant, feed, page(place)),
    };
  }

  #counters(hour: string): ItemLane | null {
    const atMs = Date.parse(`${hour}:00:00Z`);
    if (atMs >= this.#history.endMs || atMs + hourMs + (feedRetentionDays + 1) * dayMs < this.#history.endMs || atMs < startMs)
      return null;
    const perMinute = Math.max(1, Math.floor(minuteMs / this.#history.everyMs));
    return {
      count: hourMs / minuteMs,
      key: (place) => counterKey(tenant, atMs + place * minuteMs).sk,
      value: (place) => ({
        ...counterKey(tenant, atMs + place * minuteMs),
        ...(additions(new Array(perMinute).fill(this.#decision.decision)) as Record<string, Attribute>),
        ...counterExpiry(atMs + place * minuteMs),
      }),
    };
  }

  #manifest(version: number): Manifest {
    const trainedAtMs = startMs + version * habits.modelEveryDays * dayMs - hourMs;
    return {
      version,
      kind: 'isolation-forest',
      sha256: String(version).padStart(64, '0'),
      bytes: 150_000,
      features: featureNames,
      schemaHash,
      seed: 1,
      trainedAtMs,
      trainingWindow: { fromMs: Math.max(startMs, trainedAtMs - 60 * dayMs), toMs: trainedAtMs },
      rows: Math.floor((trainedAtMs - startMs) / this.#history.everyMs),
      digest: 'cd'.repeat(32),
      reference: 'ef'.repeat(32),
      learned: { frauds: 500, honest: 500 },
      metrics: { comparison: { challenger: 0.9, champion: 0.9 } },
      codeVersion: '0.1.0',
      status: 'published',
      reason: null,
    };
  }

  #models(): ItemLane {
    return {
      count: Math.floor(this.#history.shape.days / habits.modelEveryDays),
      key: (place) => modelVersionKey(place + 1).sk,
      value: (place) => ({ ...modelVersionKey(place + 1), ...manifestAttributes(this.#manifest(place + 1)) }),
    };
  }

  #policies(): ItemLane {
    const { hash } = compilePolicy(defaultPolicy, 1);
    return {
      count: 1 + Math.floor(this.#history.shape.days / habits.policyEveryDays),
      key: (place) => policyVersionKey(tenant, place + 1).sk,
      value: (place) => ({
        ...policyVersionKey(tenant, place + 1),
        version: place + 1,
        hash,
        status: 'active',
        document: JSON.stringify(defaultPolicy),
        publishedAtMs: startMs + place * habits.policyEveryDays * dayMs,
        by: 'analyst',
      }),
    };
  }

  #families(): readonly Family[] {
    const { entries, shape } = this.#history;
    const lane = (name: string, found: ItemLane): Family => ({ name, count: found.count, item: (place) => found.value(place) });
    const reviewed = Math.ceil(entries / habits.reviewedEvery);
    const days = Array.from(
      { length: Math.min(shape.days, feedRetentionDays + 1) },
      (_, back) => this.#history.endMs - (back + 1) * dayMs,
    );
    const feeds = (['all', 'flagged'] as const).flatMap((feed) =>
      days.flatMap((atMs) => {
        const found = this.lane(feedDayKey(tenant, feed, atMs));
        return found === null ? [] : [lane('feed pages', found)];
      }),
    );
    return [
      { name: 'decisions', count: entries, item: (entry) => this.#decisionItem(entry) },
      {
        name: 'entries',
        count: entries,
        item: (entry) => this.#auditItem(chainOf(this.#history.accountOf(entry)), this.#history.sequenceOf(entry)),
      },
      { name: 'states', count: Math.min(shape.accounts, entries), item: (i) => this.#state(i) },
      { name: 'labels', count: reviewed, item: (i) => this.#label(i * habits.reviewedEvery) },
      lane('open reviews', this.#reviews('open')),
      lane('closed reviews', this.#reviews('closed')),
      { name: 'members of reviews', count: reviewed, item: (i) => this.#member(i * habits.reviewedEvery)! },
      ...feeds,
      lane('checkpoints', this.#index.lane),
      lane('models', this.#models()),
      lane('policies', this.#policies()),
    ];
  }
}
