import { entityPart } from '../../shared/domain/entities.ts';
import { featureNames } from '../../shared/domain/features.ts';
import { entityHashes } from '../../shared/entities/hashes.ts';
import { lookupKey } from '../../shared/entities/lookup.ts';
import { entityPlaces } from '../../shared/entities/places.ts';
import { auditFromItem, decisionFromItem, isAuditItem, isDecisionItem } from '../../shared/ledger/items.ts';
import { archivePrefix, readLines } from '../../shared/model/archive.ts';
import type { Key } from '../../shared/ports/ports.ts';
import { countOf } from '../../shared/projection/counters.ts';
import { pageEntries } from '../../shared/projection/feed.ts';
import { readArchive } from '../../shared/proof/archive.ts';
import { readPendingHeads } from '../../shared/proof/heads.ts';
import { reviewFromItem, reviewOfKey } from '../../shared/reviews/review.ts';
import { prefixes } from '../../shared/store/names.ts';
import { listedKeys } from '../../shared/store/pages.ts';
import { testSecret } from '../support/engine.ts';
import type { StreamWorld } from './stream.ts';

/** Everything that must hold of what is made from the table once a rebuild has ended; the answer names what does not. */
export async function projectedFaultsOf({ table, archive }: StreamWorld): Promise<string[]> {
  const items = table.all();
  const decisions = items.filter(isDecisionItem).map((item) => decisionFromItem(item).decision);
  const entries = items.filter(isAuditItem).map(auditFromItem);
  const expect = (what: string, given: readonly string[], wanted: readonly string[]): string[] => {
    const [a, b] = [given.toSorted().join(' '), wanted.toSorted().join(' ')];
    return a === b ? [] : [`${what}: ${a.slice(0, 200)}; expected: ${b.slice(0, 200)}`];
  };
  const idOf = ({ transaction }: { readonly transaction: { readonly transactionId: string } }): string =>
    transaction.transactionId;

  const feed = items.filter(({ pk }) => pk.startsWith(prefixes.feed) && pk.split('#')[2] === 'all').flatMap(pageEntries);
  const counters = items.filter(({ pk }) => pk.startsWith(prefixes.counter));
  const outcomes = ['ALLOW', 'REVIEW', 'BLOCK'] as const;
  const counted = outcomes.map((outcome) => `${outcome} ${counters.reduce((sum, item) => sum + countOf(item, outcome), 0)}`);
  const decided = outcomes.map((outcome) => `${outcome} ${decisions.filter((one) => one.outcome === outcome).length}`);

  const reviews = items.filter((item) => reviewOfKey(item) !== null).map(reviewFromItem);
  const reviewed = reviews.flatMap(({ transactionIds }) => transactionIds);
  const flagged = decisions.filter(({ outcome }) => outcome !== 'ALLOW').map(idOf);
  const owners = reviews.map(({ accountId, userId }) => `${accountId} ${userId}`);

  const archived = new Set<string>();
  for await (const some of readArchive(archive, '0000-00-00', '9999-99-99')) for (const { hash } of some) archived.add(hash);
  const learned = new Set<string>();
  for await (const line of readFeatures(archive)) learned.add(line.transactionId);
  const withFeatures = decisions.filter(({ features }) => features?.length === featureNames.length);

  const newest = new Map<string, string>();
  for (const { body, hash } of entries.toSorted((a, b) => Number(a.body.sequence) - Number(b.body.sequence)))
    newest.set(String(body.chain), `${body.chain}:${body.sequence}:${hash}`);
  const { heads } = await readPendingHeads(table, 1_000_000, 0);

  const hashes = await entityHashes(testSecret());
  const noted = items.filter(isDecisionItem).flatMap((item) => {
    const { tenant, decision } = decisionFromItem(item);
    const places = entityPlaces(hashes, tenant, decision.transaction, []);
    const tracked = places.filter(
      ({ kind }) => !decision.degraded.some(({ part, cause }) => part === entityPart(kind) && cause === 'NOT_TRACKED'),
    );
    return tracked.map((place) => keyText(lookupKey(tenant, place, decision.decidedAtMs)));
  });

  return [
    ...expect('notes of entities', items.filter(({ pk }) => pk.startsWith(prefixes.lookup)).map(keyText), [...new Set(noted)]),
    ...expect('decisions in the feed', feed.map(idOf), decisions.map(idOf)),
    ...expect('counters', counted, decided),
    ...expect('payments in reviews', reviewed, flagged),
    ...expect('one open review for each account', owners, [...new Set(owners)]),
    ...expect(
      'archived entries',
      [...archived],
      entries.map(({ hash }) => hash),
    ),
    ...expect('feature lines', [...learned], withFeatures.map(idOf)),
    ...expect(
      'pending heads',
      heads.map(({ chain, sequence, head }) => `${chain}:${sequence}:${head}`),
      [...newest.values()],
    ),
  ];
}

const keyText = ({ pk, sk }: Key): string => `${pk}/${sk}`;

const keysAtOnce = 1_000;

/** Every line of the feature archive. */
async function* readFeatures(archive: StreamWorld['archive']) {
  for await (const keys of listedKeys(archive, archivePrefix, keysAtOnce)) {
    for (const key of keys) {
      const body = await archive.get(key);
      if (body !== null) yield* readLines(body, key);
    }
  }
}
