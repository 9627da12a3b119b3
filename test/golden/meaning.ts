import { renderDecision } from '../../shared/contract/render.ts';
import { featureNames } from '../../shared/domain/features.ts';
import type { CompiledModel } from '../../shared/domain/model.ts';
import { signalNames } from '../../shared/domain/signals/names.ts';
import type { AccountState } from '../../shared/domain/state.ts';
import type { Transaction } from '../../shared/domain/transaction.ts';
import { recordOf } from '../../shared/edge/keys.ts';
import { auditFromItem, decisionFromItem, paymentFromItem } from '../../shared/ledger/items.ts';
import { accountFromItem } from '../../shared/ledger/state.ts';
import { listManifests } from '../../shared/model/store.ts';
import { readPolicyVersion } from '../../shared/policy/store.ts';
import type { Item, ObjectStore, TableStore } from '../../shared/ports/ports.ts';
import { pageEntries } from '../../shared/projection/feed.ts';
import { readPendingHeads } from '../../shared/proof/heads.ts';
import { labelFromItem } from '../../shared/reviews/labels.ts';
import { renderReview } from '../../shared/reviews/render.ts';
import { type Review, reviewFromItem, reviewOfKey } from '../../shared/reviews/review.ts';
import { prefixes } from '../../shared/store/names.ts';
import { modelOf } from '../../tools/proof/versions.ts';

/** The signals and features of 0.1: a golden row speaks of these, whatever is added later. */
const signals01 = signalNames.slice(0, 9);
const features01 = featureNames.slice(0, 25);

/** The fields of 0.1. */
const transaction01 = ({ ipAddress: _, beneficiaryId: __, instrumentId: ___, ...transaction }: Transaction) => transaction;

/**
 * What rows say, in names and plain values: nothing in it depends on how a row is packed. A later version must find the same in the
 * rows of an earlier one.
 */
export async function meaningOf(stores: { readonly table: TableStore; readonly models: ObjectStore }, items: readonly Item[]) {
  const decisions: Record<string, unknown> = {};
  const accounts: Record<string, unknown> = {};
  const entries: Record<string, unknown> = {};
  const feed: Record<string, unknown> = {};
  const reviews: Record<string, unknown> = {};
  const labels: Record<string, unknown> = {};
  const keys: Record<string, unknown> = {};
  for (const item of items) {
    const name = `${item.pk} ${item.sk}`;
    if (item.pk.startsWith(prefixes.decision)) decisions[name] = await decisionMeaning(stores.table, item);
    else if (item.pk.startsWith(prefixes.state)) accounts[name] = accountMeaning(accountFromItem(item));
    else if (item.pk.startsWith(prefixes.audit)) entries[name] = { ...auditFromItem(item), payment: paymentFromItem(item) };
    else if (item.pk.startsWith(prefixes.feed)) feed[name] = pageMeaning(item);
    else if (item.pk.startsWith(prefixes.label)) labels[name] = labelFromItem(item);
    else if (item.pk.startsWith(prefixes.key)) keys[name] = recordOf(item);
    else if (item.pk.startsWith(prefixes.review) && reviewOfKey(item) !== null)
      reviews[name] = reviewMeaning(reviewFromItem(item));
  }
  const manifests = await listManifests(stores.table, 100);
  const models = await Promise.all(
    manifests.map(async ({ version }) => modelMeaning((await modelOf(stores.table, stores.models, version))!)),
  );
  const { heads } = await readPendingHeads(stores.table, 10_000, 0);
  const meaning = { decisions, accounts, entries, feed, reviews, labels, keys, models, heads };
  return JSON.parse(JSON.stringify(meaning)) as typeof meaning;
}

async function decisionMeaning(table: TableStore, item: Item) {
  const { tenant, correlationId, chain, queueAgeMs, decision, erased } = decisionFromItem(item);
  const { policy } = (await readPolicyVersion(table, tenant, decision.policyVersion))!;
  const wire = renderDecision(decision, policy, { duplicate: false, erased });
  return {
    ...wire,
    signals: Object.fromEntries(signals01.map((name) => [name, wire.signals[name]])),
    transaction: transaction01(decision.transaction),
    features: decision.features,
    chain,
    correlationId,
    queueAgeMs,
  };
}

/** What an account's next payment is decided by, and where its chain goes on. */
const accountMeaning = (account: AccountState) => ({
  chain: account.chain,
  head: account.head,
  salt: Buffer.from(account.salt).toString('hex'),
  sequence: account.sequence,
  payments: account.payments,
  firstSeenMs: account.firstSeenMs,
  newestMs: account.newestMs,
  lastOutcome: account.lastOutcome,
  amounts: account.amounts,
  nights: account.nights,
  devices: account.devices,
  places: account.places,
  placesForgotten: account.placesForgotten,
  usual: account.usual,
  profile: account.profile,
  spans: account.spans.map((span) => ({
    payments: span.count,
    entries: span.entries,
    from: span.oldestMs,
    to: span.newestMs,
    spendMinor: span.spendMinor,
    triggers: signals01.map((_, i) => span.triggers?.[i] ?? (span.triggered >> i) & 1),
    unordered: span.unordered,
  })),
});

const pageMeaning = (item: Item) => pageEntries(item);

/** Payments that a model of 0.1 scores, by feature: usual ones, and some that are far out. */
const probes: readonly Readonly<Record<string, number>>[] = [
  {},
  { amount: 2_000, amountZ: 4, newDevice: 1, hourRarity: 2 },
  { amountZ: -1.5, count24h: 30, count1h: 12, gapHours: 0.01, kmFromHome: 8_000 },
  { amount: -2.2, amountOverUsual: 2.1, amountZ: 1.2 },
  { amount: 2.2, amountOverUsual: 2.1, amountZ: 1.2, merchantRiskLong: 0.5 },
];

const modelMeaning = (model: CompiledModel) => ({
  version: model.version,
  hash: model.hash,
  scores: probes.map((probe) => {
    const features = Float64Array.from(featureNames, (name) => probe[name] ?? 0);
    const { score, percentile, contributions } = model.score(features);
    const learned = model.learned?.score({ features, signals: signalNames.map(() => 0), percentile }) ?? null;
    const named = ['baseline', ...features01].map((name) => contributions.find(({ feature }) => feature === name)!);
    return { score, percentile, contributions: named, learned };
  }),
});

/** What 0.1 said of a review: later versions say more. */
const reviewMeaning = (review: Review) => {
  const { reviewId, userId, accountId, state, openedAt, outcome, transactionIds, disposition, closedAt } = renderReview(
    review,
    0,
  );
  const closed = { ...(disposition !== undefined && { disposition }), ...(closedAt !== undefined && { closedAt }) };
  return { reviewId, userId, accountId, state, openedAt, outcome, transactionIds, ...closed };
};
