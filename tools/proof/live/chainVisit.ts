import type { Finding } from '../../../functions/read/evidence/finding.ts';
import type { DecisionBody } from '../../../shared/domain/audit.ts';
import type { Decision } from '../../../shared/domain/decision.ts';
import type { AccountState } from '../../../shared/domain/state.ts';
import { decisionFromItem } from '../../../shared/ledger/items.ts';
import { accountFromItem } from '../../../shared/ledger/state.ts';
import type { Item, TableStore } from '../../../shared/ports/ports.ts';
import type { AuditEntry } from '../../../shared/proof/entry.ts';
import {
  auditKey,
  decisionKey,
  modelVersionKey,
  policyVersionKey,
  stateKey,
  systemChainPrefix,
} from '../../../shared/store/names.ts';
import { ChainCheck } from '../chainCheck.ts';
import { Refold } from '../refold.ts';
import type { Anchors } from './anchors.ts';
import { type ChainRow, rowsOf } from './chainRows.ts';
import { differenceFromEntry, differenceFromRefold, differenceOfState } from './decisionCheck.ts';
import type { Compared, FindingDraft } from './liveReport.ts';
import { accountText, type Claim, nameOf, type Owner } from './tableShare.ts';
import type { Worlds } from './worlds.ts';

export interface VisitStores {
  readonly table: TableStore;
  readonly anchors: Anchors;
  readonly worlds: Worlds;
}

export interface Visited {
  readonly entries: number;
  /** Entries after the last one that a checkpoint holds, and when the first of them was made (RFC 3339). */
  readonly uncovered: number;
  readonly uncoveredSince: { readonly sequence: number; readonly at: string } | null;
  readonly findings: readonly FindingDraft[];
  readonly compared: Partial<Record<Compared, number>>;
  readonly notCompared: readonly string[];
  /** Entries are there, and no account or decision that the chain belongs to was found. */
  readonly isUnowned: boolean;
}

const decisionsPerRead = 100;

/**
 * Verifies one chain by what the table (and for expired rows the archive) holds now: its entries with each other and with the heads that
 * checkpoints hold, its decisions with their entries, its account's state with the chain made anew. A chain that is broken is named once.
 * Reads again before it accuses, so that payments meanwhile do no harm. Throws NeedsArchive, Unreadable and store errors.
 */
export class ChainVisit {
  readonly #stores: VisitStores;
  readonly #chain: string;
  /** By text. */
  readonly #findings = new Map<string, FindingDraft>();
  readonly #compared: Partial<Record<Compared, number>> = {};
  readonly #notCompared: string[] = [];
  #refold: Refold | null = null;
  /** The state as it was before the rows were read. */
  #state: { readonly item: Item; readonly account: AccountState } | null = null;
  #stateHead: AuditEntry | null = null;
  #refolded: AccountState | null = null;

  constructor(stores: VisitStores, chain: string) {
    this.#stores = stores;
    this.#chain = chain;
  }

  async run(owner: Owner | null, claims: readonly Claim[], expired: readonly AuditEntry[] | null): Promise<Visited> {
    const chain = this.#chain;
    const anchors = this.#stores.anchors.of(chain);
    const check = new ChainCheck({ chain, first: 1, line: 0, mustStartBefore: null });
    for (const anchor of anchors) check.anchor(anchor, 0);
    if (owner?.account) await this.#readState(owner.tenant, owner.account);
    const anchored = Math.max(0, ...anchors.map(({ sequence }) => sequence));
    const reached = Math.max(anchored, this.#state?.account.sequence ?? 0, ...claims.map(({ sequence }) => sequence));

    let entries = 0;
    let last: AuditEntry | null = null;
    let uncoveredSince: Visited['uncoveredSince'] = null;
    const owed = new Map(claims.map((claim) => [claim.sequence, claim]));
    let batch: AuditEntry[] = [];
    for await (const row of rowsOf(this.#stores.table, chain, reached, expired)) {
      entries += 1;
      check.entry(row.facts, 0);
      const entry = this.#good(row, check);
      if (entry === null) continue;
      last = entry;
      const { sequence, at } = entry.body;
      if (sequence > anchored) uncoveredSince ??= { sequence, at };
      if (owed.get(sequence)?.hash === entry.hash && isOf(owed.get(sequence)!, entry)) owed.delete(sequence);
      batch.push(entry);
      if (batch.length < decisionsPerRead) continue;
      await this.#compare(batch, owner);
      batch = [];
    }
    await this.#compare(batch, owner);
    check.finish(0);
    const counted = { entries, uncovered: check.uncovered, uncoveredSince, compared: this.#compared, isUnowned: false };
    if (check.finding) return { ...counted, findings: [check.finding], notCompared: [] };
    if (entries === 0) this.#nothingLeft(claims, expired);
    else if (!chain.startsWith(systemChainPrefix)) {
      for (const claim of owed.values()) if (claim.kind === 'decision') this.#withoutEntry(claim);
      if (owner === null) return { ...counted, findings: [], notCompared: [], isUnowned: true };
      await this.#compareState(owner, last!);
    }
    return { ...counted, findings: [...this.#findings.values()], notCompared: this.#notCompared };
  }

  #good({ entry }: ChainRow, check: ChainCheck): AuditEntry | null {
    return check.finding || entry === null || entry.body.chain !== this.#chain ? null : entry;
  }

  async #readState(tenant: string, { accountId, userId }: NonNullable<Owner['account']>): Promise<void> {
    const item = await this.#stores.table.get(stateKey(tenant, accountId, userId), { consistent: true });
    if (item === null) return;
    const account = accountFromItem(item);
    if (account.chain !== this.#chain) return;
    this.#state = { item, account };
    this.#refold = new Refold(this.#stores.worlds.of(tenant, account.salt));
  }

  /** A batch of entries: with their decisions, and made anew. */
  async #compare(entries: readonly AuditEntry[], owner: Owner | null): Promise<void> {
    const isDecision = ({ body }: AuditEntry): boolean => body.event === 'DECISION_MADE';
    const keys = owner ? entries.filter(isDecision).map(({ body }) => decisionKey(owner.tenant, String(body.transactionId))) : [];
    const items = await this.#stores.table.getMany(keys);
    const found = items.values();
    for (const entry of entries) {
      const anew = await this.#refoldOf(entry);
      const { sequence } = entry.body;
      if (sequence === this.#state?.account.sequence) {
        this.#stateHead = entry;
        this.#refolded = this.#refold?.account ?? null;
      }
      if (!owner || !isDecision(entry)) continue;
      await this.#compareDecision(entry, found.next().value ?? null, anew, owner);
      await this.#compareVersions(entry.body as unknown as DecisionBody, owner.tenant);
    }
  }

  /** The decision made anew; null when there is none or it cannot be made. */
  async #refoldOf(entry: AuditEntry): Promise<Decision | null> {
    const refold = this.#refold;
    if (refold === null || entry.body.sequence > this.#state!.account.sequence) return null;
    const step = await refold.next(entry).catch((error: unknown) => ({ kind: 'impossible', text: String(error) }) as const);
    if (step.kind === 'decided') this.#count('refoldedEntries');
    if (step.kind === 'decided' || step.kind === 'other') return step.kind === 'decided' ? step.decision : null;
    this.#refold = null;
    const { sequence } = entry.body;
    if (step.kind === 'impossible') this.#notCompared.push(`not made anew: ${step.text}`);
    else {
      const [was, is] = [JSON.stringify(step.recorded), JSON.stringify(step.recomputed)];
      const text = `entry ${sequence} is not what its inputs, policy and model give: ${step.field} is recorded as ${was}, recomputed ${is}`;
      this.#find('refold', text, sequence);
    }
    return null;
  }

  async #compareDecision(entry: AuditEntry, read: Item | null, anew: Decision | null, owner: Owner): Promise<void> {
    const key = decisionKey(owner.tenant, String(entry.body.transactionId));
    this.#count('decisions');
    let difference = differenceOf(read, entry, anew);
    if (difference !== null) difference = differenceOf(await this.#stores.table.get(key, { consistent: true }), entry, anew);
    if (difference === null || (difference === 'erased' && (await this.#newestEvent()) === 'ERASED')) return;
    const { sequence, transactionId } = entry.body;
    const what = difference === missing ? 'is missing' : `is not what entry ${sequence} says: ${difference} differs`;
    this.#find('decision', `the decision of transaction ${transactionId} ${what}`, sequence, nameOf(key));
  }

  /** The policy and model that an entry names, with those that are stored. */
  async #compareVersions({ policyVersion, policyHash, modelVersion, modelHash }: DecisionBody, tenant: string): Promise<void> {
    const { worlds } = this.#stores;
    const policy = await worlds.policyOf(tenant, policyVersion).catch(() => null);
    if (policy?.hash !== policyHash)
      this.#add({
        kind: 'policy',
        item: nameOf(policyVersionKey(tenant, policyVersion)),
        text: `version ${policyVersion} of the policy of tenant ${tenant} is not the one that decided, which had the hash ${policyHash}`,
      });
    if (modelVersion === null || modelHash === null) return;
    const stored = await worlds.modelHashOf(modelVersion).catch(() => null);
    if (stored !== null && stored !== modelHash)
      this.#add({
        kind: 'model',
        item: nameOf(modelVersionKey(modelVersion)),
        text: `version ${modelVersion} of the model is not the one that decided, which had the hash ${modelHash}`,
      });
  }

  async #compareState(owner: Owner, last: AuditEntry): Promise<void> {
    const { sequence, event } = last.body;
    const state = this.#state;
    if (state === null) {
      if (event === 'ERASED' || (await this.#newestEvent()) === 'ERASED') {
        this.#notCompared.push('not made anew: the account was erased');
        return;
      }
      return this.#find(
        'state',
        `its state is missing (${accountText(owner)}), and no entry says that the account was erased`,
        null,
      );
    }
    this.#count('states');
    const { item, account } = state;
    const name = nameOf(item);
    if (sequence < account.sequence) {
      const text = `the state has ${account.sequence} entries, the chain ends at ${sequence}`;
      return this.#find('state', text, account.sequence, name);
    }
    if (this.#stateHead?.hash !== account.head)
      return this.#find('state', `the head in the state is not entry ${account.sequence}`, account.sequence, name);
    if (sequence > account.sequence && !(await this.#hasMoved(item, sequence))) {
      const text = `the state was set back: it has ${account.sequence} entries, the chain ${sequence}`;
      return this.#find('state', text, account.sequence, name);
    }
    const difference = this.#refolded && this.#refold && differenceOfState(account, this.#refolded);
    if (difference) this.#find('state', `the state is not what the chain gives: ${difference} differs`, account.sequence, name);
  }

  /** Whether the account went on since its state was read. */
  async #hasMoved({ pk, sk }: Item, sequence: number): Promise<boolean> {
    const item = await this.#stores.table.get({ pk, sk }, { consistent: true });
    if (item === null) return (await this.#newestEvent()) === 'ERASED';
    return Number(item.n) >= sequence || accountFromItem(item).chain !== this.#chain;
  }

  async #newestEvent(): Promise<unknown> {
    const { pk } = auditKey(this.#chain, 1);
    const { items } = await this.#stores.table.query({ pk, descending: true, limit: 1, consistent: true });
    return typeof items[0]?.body === 'string' ? (JSON.parse(items[0].body) as { event?: unknown }).event : null;
  }

  /** No entry at all, and no checkpoint that holds one: what speaks of the chain was put there. */
  #nothingLeft(claims: readonly Claim[], expired: readonly AuditEntry[] | null): void {
    if (expired === null) return;
    for (const claim of claims) this.#withoutEntry(claim);
  }

  #withoutEntry({ kind, item, sequence, transactionId }: Claim): void {
    const what = kind === 'state' ? 'a state' : `a decision (transaction ${transactionId})`;
    this.#find(kind, `${what} speaks of entry ${sequence}, which is not there`, sequence, item);
  }

  #find(kind: Finding['kind'], text: string, sequence: number | null, item?: string): void {
    const chain = this.#chain;
    this.#add({ kind, chain, sequence, text: `chain ${chain}: ${text}`, ...(item !== undefined && { item }) });
  }

  #add(finding: FindingDraft): void {
    this.#findings.set(finding.text, finding);
  }

  #count(what: Compared): void {
    this.#compared[what] = (this.#compared[what] ?? 0) + 1;
  }
}

const missing = Symbol('missing');

const differenceOf = (item: Item | null, entry: AuditEntry, anew: Decision | null): string | typeof missing | null => {
  if (item === null) return missing;
  try {
    const stored = decisionFromItem(item);
    const difference = differenceFromEntry(stored, entry);
    if (difference !== null || anew === null) return difference;
    // The account lives: only its erasure may take a decision's personal fields, and that ends the account first.
    return stored.erased ? 'erased' : differenceFromRefold(item, stored, anew);
  } catch (error) {
    return `it cannot be read (${(error as Error).message}), so everything`;
  }
};

const isOf = ({ transactionId }: Claim, { body }: AuditEntry): boolean =>
  transactionId === null || body.transactionId === transactionId;
