import { Unreadable } from '../../../functions/read/evidence/finding.ts';
import { NewerRow } from '../../../shared/domain/rowFormat.ts';
import { auditFromItem, decisionFromItem } from '../../../shared/ledger/items.ts';
import { accountFromItem, ownerOf } from '../../../shared/ledger/state.ts';
import type { Item, Key, TableStore } from '../../../shared/ports/ports.ts';
import type { AuditEntry } from '../../../shared/proof/entry.ts';
import { auditKey, defaultTenant, prefixes, systemChainPrefix } from '../../../shared/store/names.ts';
import { inParallel } from '../../../shared/store/parallel.ts';
import type { Findings, Share } from './liveReport.ts';

/** Parts of a share that are read at the same time. */
const partsAtOnce = 8;
const pageItems = 1_000;
const keysPerRead = 100;
export const tableShareLimits = {
  /** Chains of one share, with their accounts: about 200 bytes each. */
  chainsMax: 2_000_000,
  /** Items whose entry was not where they say, about 200 bytes each. */
  claimsMax: 1_000_000,
} as const;

export interface Owner {
  readonly tenant: string;
  /** Null once the account was erased. */
  readonly account: { readonly accountId: string; readonly userId: string } | null;
}

/** What an item says of an entry that the table does not have at that place. Looked into when the chain is visited. */
export interface Claim {
  readonly kind: 'state' | 'decision';
  readonly item: string;
  readonly owner: Owner;
  readonly sequence: number;
  readonly hash: string;
  /** Null for a state. */
  readonly transactionId: string | null;
}

/** What one share of the table holds, as far as it was read. */
export class Seen {
  readonly #table: TableStore;
  readonly #findings: Findings;
  readonly chains = new Set<string>();
  /** By chain. */
  readonly owners = new Map<string, Owner>();
  readonly claims = new Map<string, Claim[]>();
  /** Tenants, with the lists of each that have items. */
  readonly tenants = new Map<string, Set<string>>();
  #claimCount = 0;
  items = 0;

  constructor(table: TableStore, findings: Findings) {
    this.#table = table;
    this.#findings = findings;
  }

  /** Throws store errors, Unreadable for a row of a newer version, and an Error for a share that is too large. */
  async take(page: readonly Item[]): Promise<void> {
    const made: { readonly chain: string; readonly claim: Claim }[] = [];
    for (const item of page) {
      try {
        const claimed = this.#read(item);
        if (claimed) made.push(claimed);
      } catch (error) {
        if (error instanceof NewerRow) throw new Unreadable(error.message);
        if (!(error instanceof RangeError || error instanceof TypeError || error instanceof SyntaxError)) throw error;
        const kind = item.pk.startsWith(prefixes.state) ? 'state' : 'decision';
        this.#findings.add({ kind, item: nameOf(item), text: `the item ${nameOf(item)} cannot be read: ${error.message}` });
      }
    }
    this.items += page.length;
    if (this.chains.size + this.owners.size > tableShareLimits.chainsMax)
      throw new Error(`the share has more than ${tableShareLimits.chainsMax} chains and accounts: verify smaller ones (--share)`);
    for (let i = 0; i < made.length; i += keysPerRead) {
      const some = made.slice(i, i + keysPerRead);
      const rows = await this.#table.getMany(some.map(({ chain, claim }) => auditKey(chain, claim.sequence)));
      for (const [k, { chain, claim }] of some.entries()) if (!bears(rows[k]!, claim)) this.claim(chain, claim);
    }
  }

  claim(chain: string, claim: Claim): void {
    this.#claimCount += 1;
    if (this.#claimCount > tableShareLimits.claimsMax)
      throw new Error(
        `more than ${tableShareLimits.claimsMax} entries of the share are not in the table: verify smaller ones (--share)`,
      );
    const own = this.claims.get(chain);
    if (own) own.push(claim);
    else this.claims.set(chain, [claim]);
  }

  /** Takes the claims of decisions off whose entry this is. */
  settle({ body, hash }: AuditEntry): void {
    const own = this.claims.get(body.chain);
    if (own === undefined) return;
    const left = own.filter(
      (claim) => claim.kind === 'state' || claim.hash !== hash || claim.transactionId !== body.transactionId,
    );
    if (left.length > 0) this.claims.set(body.chain, left);
    else this.claims.delete(body.chain);
  }

  #read(item: Item): { readonly chain: string; readonly claim: Claim } | null {
    const [prefix, tenant = '', list] = item.pk.split('#');
    switch (`${prefix}#`) {
      case prefixes.audit: {
        const chain = item.pk.slice(prefixes.audit.length);
        this.chains.add(chain);
        if (chain.startsWith(systemChainPrefix)) this.#tenant(chain.slice(systemChainPrefix.length));
        return null;
      }
      case prefixes.state:
        return this.#state(item);
      case prefixes.decision: {
        const { tenant: own, chain, erased, decision } = decisionFromItem(item);
        const { transactionId, accountId, userId } = decision.transaction;
        const owner = { tenant: own, account: erased ? null : { accountId, userId } };
        this.#tenant(own);
        const { sequence, hash } = decision;
        return { chain, claim: { kind: 'decision', item: nameOf(item), owner, sequence, hash, transactionId } };
      }
      case prefixes.list:
        if (list === undefined) this.#tenant(tenant);
        else this.#tenant(tenant).add(list);
        return null;
      case prefixes.key:
      case prefixes.policy:
      case prefixes.webhook:
        this.#tenant(tenant);
        return null;
      case prefixes.model:
        this.#tenant(defaultTenant);
        return null;
      default:
        return null;
    }
  }

  #state(item: Item) {
    const { tenant, ...account } = ownerOf(item);
    const { chain, sequence, head } = accountFromItem(item);
    const owner = { tenant, account };
    const known = this.owners.get(chain);
    if (known)
      this.#findings.add({
        kind: 'state',
        chain,
        item: nameOf(item),
        text: `chain ${chain}: two accounts name it, ${accountText(known)} and ${accountText(owner)}: a state was copied`,
      });
    this.owners.set(chain, owner);
    this.#tenant(tenant);
    return { chain, claim: { kind: 'state', item: nameOf(item), owner, sequence, hash: head, transactionId: null } } as const;
  }

  #tenant(tenant: string): Set<string> {
    const known = this.tenants.get(tenant) ?? new Set();
    this.tenants.set(tenant, known);
    return known;
  }
}

/** Reads a share of the table, in parts at the same time, and hands each page to `take`. Throws store errors and what `take` throws. */
export const readShare = async (
  table: TableStore,
  { number, of }: Share,
  take: (items: readonly Item[]) => Promise<void>,
): Promise<void> => {
  const parts = Array.from({ length: partsAtOnce }, (_, i) => (number - 1) * partsAtOnce + i);
  await inParallel(parts, partsAtOnce, async (index) => {
    let after: Key | undefined;
    do {
      const segment = { index, of: of * partsAtOnce };
      const page = await table.scan({ limit: pageItems, segment, ...(after !== undefined && { after }) });
      await take(page.items);
      after = page.after;
    } while (after !== undefined);
  });
};

/** Whether the row is the entry that an item speaks of. */
export const bears = (row: Item | null, { hash, transactionId }: Claim): boolean => {
  if (row === null) return false;
  try {
    const stored = auditFromItem(row);
    return stored.hash === hash && (transactionId === null || stored.body.transactionId === transactionId);
  } catch {
    return false; // A row that cannot be read is found when its chain is visited.
  }
};

export const nameOf = ({ pk, sk }: Key): string => `${pk} / ${sk}`;

export const accountText = ({ tenant, account }: Owner): string =>
  account === null
    ? `an erased account of tenant ${tenant}`
    : `account ${account.accountId} of user ${account.userId}, tenant ${tenant}`;
