import canonicalize from 'canonicalize';
import { type ErasedChain, erasedChainItem, erasedChains } from '../../functions/read/erasedChains.ts';
import type { Decision } from '../../shared/domain/decision.ts';
import { formatInstant } from '../../shared/domain/time.ts';
import { decisionFromItem, decisionItem } from '../../shared/ledger/items.ts';
import { accountFromItem, ownerOf, unmoved } from '../../shared/ledger/state.ts';
import type { Clock, Item, Key, ObjectStore, Randomness, TableStore } from '../../shared/ports/ports.ts';
import { archiveEntries } from '../../shared/proof/archive.ts';
import type { StoredEntry } from '../../shared/proof/entry.ts';
import { noteHeads } from '../../shared/proof/heads.ts';
import { attempted } from '../../shared/reviews/attempts.ts';
import type { MasterSecret } from '../../shared/secrets/masterSecret.ts';
import { hashOf } from '../../shared/secrets/sealer.ts';
import { auditKey, decisionKey, stateKey } from '../../shared/store/names.ts';
import { inParallel } from '../../shared/store/parallel.ts';
import { eraseFromEntities } from './entities.ts';
import { dropFeatures } from './features.ts';
import { eraseMessages, type ParkedQueue } from './messages.ts';
import { type DeadOwner, type Owner, ownersOf, type Payment, paymentsOf } from './owners.ts';
import type { Subject } from './subject.ts';
import { sweepTraces } from './traces.ts';

export interface ErasureDependencies {
  readonly table: TableStore;
  readonly archive: ObjectStore;
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly masterSecret: MasterSecret;
  /** Where transactions and events wait for a person. */
  readonly parked: readonly ParkedQueue[];
}

/** How many of each were changed; all zero when there was nothing left to erase. */
export interface ErasureReport {
  readonly accounts: number;
  readonly decisions: number;
  readonly feedPages: number;
  readonly reviews: number;
  /** Notes of when people were last told of an account. */
  readonly alerts: number;
  /** Notes of whose account it was. */
  readonly users: number;
  /** Attempts and marks in the records of entities. */
  readonly entities: number;
  readonly featureObjects: number;
  readonly messages: number;
}

export interface Erasure {
  readonly tenant: string;
  readonly subjects: readonly Subject[];
  /** Who asked for it; stays in the chain, so nothing personal. */
  readonly by: string;
  readonly onProgress?: (step: string, done: number) => void;
}

/** Sweeps until one finds nothing: what was projected meanwhile is found by the next. */
const sweepsMax = 6;
const keysPerRead = 100;
const writesAtOnce = 16;
const nothingErased = {
  accounts: 0,
  decisions: 0,
  feedPages: 0,
  reviews: 0,
  alerts: 0,
  users: 0,
  entities: 0,
  featureObjects: 0,
  messages: 0,
};
const attempts = { attemptsMax: 20, backoffBaseMs: 20, backoffMaxMs: 1_000 };
const withinMs = 60_000;

/**
 * Erases what is personal of these subjects: their account states, and with them the salts of everything sealed; the plaintext of their
 * decisions, feed entries and reviews, their attempts in the records of entities, their lines and rows of the feature archive, what waits of them in the dead letters. Each account's chain
 * ends with an ERASED entry, verifies as before, and is found by a keyed hash of the account's ids. Transaction ids stay, so that repeats stay known. What is paid afterwards begins a
 * new chain. Cut off anywhere, or called again, it does what is left. Throws store errors, and an Error when new traces keep coming or a
 * chain lacks entries, which name what is to be erased.
 */
export async function erase(dependencies: ErasureDependencies, erasure: Erasure): Promise<ErasureReport> {
  const { table, masterSecret, parked } = dependencies;
  const { tenant, subjects, by, onProgress = () => undefined } = erasure;
  const owners = await ownersOf(table, tenant, subjects, (done) => onProgress('items', done));
  const find = erasedChains(table, masterSecret);
  const chainOf = async ({ accountId, userId }: Owner): Promise<ErasedChain[]> => {
    const found = await find(tenant, accountId, userId);
    return found === null || found === 'several' ? [] : [found];
  };
  const total = { ...nothingErased };
  const clean = async (some: readonly Owner[]): Promise<void> => {
    const dead = await Promise.all(some.map(async (owner) => ({ ...owner, chains: await chainOf(owner) })));
    addTo(total, await eraseTraces(dependencies, erasure, dead));
  };
  // What leads to an account's chain is replaced when the account is erased once more: what is left of the chain before goes first.
  const again: Owner[] = [];
  for (const owner of owners) {
    const state = await table.get(stateKey(tenant, owner.accountId, owner.userId), { consistent: true });
    if (state !== null && (await chainOf(owner)).length > 0) again.push({ ...owner, payments: paymentsBefore(owner, state) });
  }
  if (again.length > 0) await clean(again);
  for (const { accountId, userId } of owners) {
    if ((await eraseAccount(dependencies, stateKey(tenant, accountId, userId), by)) !== null) total.accounts += 1;
  }
  await clean(owners);
  return { ...total, messages: await eraseMessages(parked, tenant, subjects) };
}

const addTo = (total: Record<keyof ErasureReport, number>, more: Partial<ErasureReport>): void => {
  for (const [name, count] of Object.entries(more)) total[name as keyof ErasureReport] += count;
};

/** The payments of chains that are no more; those of the living one are not to be touched before it ends. */
const paymentsBefore = ({ payments }: Owner, state: Item): Owner['payments'] => {
  const { chain } = accountFromItem(state);
  return payments.filter((payment) => payment.chain !== chain);
};

/**
 * Erases what is left of dead chains: first what leads to no other trace, last the decisions, by which an erasure that was cut off finds its
 * way again.
 */
async function eraseTraces(
  dependencies: ErasureDependencies,
  { tenant, onProgress = () => undefined }: Erasure,
  owners: readonly DeadOwner[],
): Promise<Partial<ErasureReport>> {
  const { table, clock } = dependencies;
  const total = { ...nothingErased };
  const ofOwners: { readonly owner: DeadOwner; readonly payments: ReadonlyMap<string, Payment> }[] = [];
  for (const owner of owners) ofOwners.push({ owner, payments: await paymentsOf(dependencies, owner) });
  for (let sweeps = 1; ; sweeps += 1) {
    let found = 0;
    for (const { owner, payments } of ofOwners) {
      const gone = await sweepTraces({ table, tenant, nowMs: clock.nowMs() }, owner, payments);
      addTo(total, gone);
      found += gone.feedPages + gone.reviews + gone.alerts + gone.users;
    }
    if (found === 0) break;
    if (sweeps === sweepsMax)
      throw new Error(`new traces were found in each of ${sweepsMax} sweeps: erase again once traffic rests`);
  }
  const all = new Map(ofOwners.flatMap(({ payments }) => [...payments]));
  const featureObjects = await dropFeatures(dependencies, tenant, all, (done) => onProgress('feature files', done));
  addTo(total, await eraseDecisions(dependencies, tenant, [...all.values()]));
  return { ...total, featureObjects };
}

/** Makes decisions nobody's, after their attempts have left the records of entities, to which only they lead. Counts both. */
async function eraseDecisions(
  dependencies: ErasureDependencies,
  tenant: string,
  payments: readonly Payment[],
): Promise<Pick<ErasureReport, 'decisions' | 'entities'>> {
  const { table } = dependencies;
  const erased = { decisions: 0, entities: 0 };
  for (let from = 0; from < payments.length; from += keysPerRead) {
    const some = payments.slice(from, from + keysPerRead);
    const items = await table.getMany(
      some.map(({ transactionId }) => decisionKey(tenant, transactionId)),
      { consistent: true },
    );
    const owed = items.flatMap((item, i) => {
      const one = item === null ? null : decisionFromItem(item);
      return one !== null && !one.erased && one.chain === some[i]!.chain ? [one] : [];
    });
    // One after the other: payments of an account share their entities.
    const eraseNotes = async (): Promise<void> => {
      for (const { decision } of owed) erased.entities += await eraseFromEntities(dependencies, tenant, decision);
    };
    await eraseNotes();
    await inParallel(owed, writesAtOnce, (one) =>
      table.put(decisionItem({ ...one, correlationId: null, erased: true, decision: withoutPerson(one.decision) }), {
        kind: 'present',
      }),
    );
    // What was projected while the decisions were erased.
    await eraseNotes();
    erased.decisions += owed.length;
  }
  return erased;
}

/** The chain's last entry and the end of its state, in one transaction; null when there is no state. */
async function eraseAccount(dependencies: ErasureDependencies, key: Key, by: string): Promise<StoredEntry | null> {
  const { table, clock, archive, masterSecret } = dependencies;
  const sent: StoredEntry[] = [];
  const done = await attempted(dependencies, { ...attempts, deadlineMs: clock.nowMs() + withinMs }, async () => {
    const item = await table.get(key, { consistent: true });
    if (item === null) return sent.at(-1) ?? null;
    const account = accountFromItem(item);
    const body = {
      chain: account.chain,
      sequence: account.sequence + 1,
      previousHash: account.head,
      event: 'ERASED',
      at: formatInstant(clock.nowMs()),
      by,
    };
    const entry = { body, hash: hashOf(body) };
    sent.push(entry);
    const pointer = await erasedChainItem(masterSecret, ownerOf(item), body);
    await table.transact([
      {
        kind: 'put',
        item: { ...auditKey(body.chain, body.sequence), body: canonicalize(body)!, hash: entry.hash },
        condition: { kind: 'absent' },
      },
      { kind: 'delete', key, condition: unmoved(account.sequence) },
      { kind: 'put', item: pointer },
    ]);
    return entry;
  });
  // Beside the stream, so that the entry is archived and owed a checkpoint even where this process's writes do not reach it.
  if (done !== null) {
    await archiveEntries(archive, [done]);
    await noteHeads(table, [done]);
  }
  return done;
}

const withoutPerson = (decision: Decision): Decision => ({
  ...decision,
  features: null,
  transaction: {
    ...decision.transaction,
    userId: '',
    accountId: '',
    channel: null,
    deviceId: null,
    merchantId: null,
    merchantCategory: null,
    ipAddress: null,
    beneficiaryId: null,
    instrumentId: null,
    location: null,
    metadata: null,
  },
});
