import { createHash } from 'node:crypto';
import { expiredEntries } from '../../../functions/read/evidence/expired.ts';
import { Unreadable } from '../../../functions/read/evidence/finding.ts';
import type { Clock, ObjectStore, TableStore } from '../../../shared/ports/ports.ts';
import { readArchive } from '../../../shared/proof/archive.ts';
import type { AuditEntry } from '../../../shared/proof/entry.ts';
import type { MasterSecret } from '../../../shared/secrets/masterSecret.ts';
import { auditKey, systemChainPrefix } from '../../../shared/store/names.ts';
import { inParallel } from '../../../shared/store/parallel.ts';
import { CheckpointTrail } from '../checkpointTrail.ts';
import { findingsMax, nameOfCheckpoint, type VerifyOptions } from '../verifyReport.ts';
import { Anchors } from './anchors.ts';
import { NeedsArchive } from './chainRows.ts';
import { ChainVisit, type Visited } from './chainVisit.ts';
import { CostMeter } from './cost.ts';
import { readHistory, signingKeys } from './history.ts';
import { type Compared, Findings, type LiveReport, type Share } from './liveReport.ts';
import { ownerOfChain, searchOwners } from './owners.ts';
import { readShare, Seen } from './tableShare.ts';
import { checkTenant } from './tenantCheck.ts';
import { Worlds } from './worlds.ts';

export interface LiveStores {
  readonly table: TableStore;
  readonly archive: ObjectStore;
  /** The store under object lock. */
  readonly checkpoints: ObjectStore;
  readonly models: ObjectStore;
  readonly masterSecret: MasterSecret;
  readonly clock: Clock;
  /** Of the checkpoint key, SPKI in PEM. */
  readonly publicKey: string;
  /** Creators whose keys have no entry in the audit; none when left out. */
  readonly unnotedKeysBy?: readonly string[];
}

export interface LiveOptions extends Pick<VerifyOptions, 'publicKey' | 'known'> {
  /** Default: the whole table. */
  readonly share?: Share;
  /** An entry that waits longer for its checkpoint is a finding; default `normalLagMs`. */
  readonly lagMs?: number;
  /** Called after each page of the table and each chain. */
  readonly onStep?: (step: 'items' | 'checkpoints' | 'chains', done: number, of: number | null) => void;
}

/** Checkpoints are due every 5 minutes; above this the stage's own alarm has gone off, whose default it is. */
export const normalLagMs = 30 * 60_000;
/** Clocks differ; a later time would make an entry fresh for ever. */
const aheadMs = 5 * 60_000;
const chainsAtOnce = 8;
/** 48 bytes each. */
const anchorsMax = 16_000_000;

/**
 * Verifies what the stores of a deployment hold now: reads the table (or one share of it) and every checkpoint, and compares them, so that
 * neither a list of chains nor a pending head has to be believed. All shares of one number together are the whole. Throws store errors, and
 * an Error for a share that does not fit in memory.
 */
export const verifyStores = async (stores: LiveStores, options: LiveOptions = {}): Promise<LiveReport> =>
  new LiveCheck(stores, options).run();

class LiveCheck {
  readonly #stores: LiveStores;
  readonly #options: LiveOptions;
  readonly #share: Share;
  readonly #meter = new CostMeter();
  readonly #findings = new Findings(findingsMax);
  readonly #seen: Seen;
  readonly #anchors = new Anchors(anchorsMax);
  readonly #worlds: Worlds;
  readonly #trail = new CheckpointTrail(this.#findings.find);
  readonly #notYet = { entries: 0, chains: 0 };
  #chains = 0;
  #entries = 0;
  #uncovered = 0;

  constructor(given: LiveStores, options: LiveOptions) {
    const stores = {
      ...given,
      table: this.#meter.table(given.table),
      archive: this.#meter.objects(given.archive),
      checkpoints: this.#meter.objects(given.checkpoints),
      models: this.#meter.objects(given.models),
    };
    this.#stores = stores;
    this.#options = options;
    this.#share = options.share ?? { number: 1, of: 1 };
    this.#seen = new Seen(stores.table, this.#findings);
    this.#worlds = new Worlds(stores);
  }

  async run(): Promise<LiveReport> {
    let unreadable: string | null = null;
    try {
      await this.#readTable();
      await this.#settleClaims();
      await this.#readHistory();
      await this.#visitAll();
      await this.#checkTenants();
      if (this.#entries === 0 && this.#findings.count === 0)
        throw new Unreadable('there are no entries: there is nothing to verify');
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
      unreadable = error.message;
    }
    return this.#report(unreadable);
  }

  async #readTable(): Promise<void> {
    await readShare(this.#stores.table, this.#share, async (items) => {
      await this.#seen.take(items);
      this.#options.onStep?.('items', this.#seen.items, null);
    });
  }

  /** Decisions outlive the rows of their entries: those of expired rows are in the archive. */
  async #settleClaims(): Promise<void> {
    const { archive, clock } = this.#stores;
    const isOwed = [...this.#seen.claims.values()].some((claims) => claims.some(({ kind }) => kind === 'decision'));
    if (!isOwed) return;
    for await (const entries of readArchive(archive, '0000-00-00', '9999-99-99'))
      for (const { expiresAt = Infinity, ...entry } of entries) if (expiresAt * 1_000 <= clock.nowMs()) this.#seen.settle(entry);
  }

  /** After the table: what was committed meanwhile may be in a checkpoint, and is read again when its chain is visited. */
  async #readHistory(): Promise<void> {
    const { publicKey, known = [] } = this.#options;
    this.#trail.readKeys(
      publicKey === undefined ? await signingKeys(this.#stores.checkpoints, this.#stores.publicKey) : null,
      publicKey,
    );
    await readHistory(this.#stores, this.#trail, this.#findings.find, ({ body, leaves }) => {
      for (const { chain, sequence, head } of leaves)
        if (this.#isOwn(chain)) this.#anchors.add(chain, { checkpoint: body.number, sequence, head });
      this.#options.onStep?.('checkpoints', body.number, null);
    });
    this.#trail.compareWith(known, false);
  }

  /** Chains of the share, and those whose absence this share has to notice. */
  #isOwn(chain: string): boolean {
    const { number, of } = this.#share;
    if (this.#seen.chains.has(chain) || this.#seen.claims.has(chain)) return true;
    return createHash('sha256').update(chain).digest().readUInt32BE(0) % of === number - 1;
  }

  async #visitAll(): Promise<void> {
    const chains = [...new Set([...this.#seen.chains, ...this.#seen.claims.keys(), ...(await this.#signedOnly())])];
    const archived: string[] = [];
    const unowned: string[] = [];
    let done = 0;
    await inParallel(chains, chainsAtOnce, async (chain) => {
      const result = await this.#visit(chain, null);
      if (result === 'needs the archive') archived.push(chain);
      else if (result === 'unowned') unowned.push(chain);
      this.#options.onStep?.('chains', ++done, chains.length);
    });
    const expired = archived.length === 0 ? new Map<string, readonly AuditEntry[]>() : await this.#expired(archived);
    for (const chain of archived) if ((await this.#visit(chain, expired.get(chain) ?? [])) === 'unowned') unowned.push(chain);
    if (unowned.length === 0) return;
    // The tenant of a chain may have no other item in this share.
    if (this.#share.of > 1) await searchOwners(this.#stores.table, this.#seen, new Set(unowned));
    for (const chain of unowned) await this.#visit(chain, expired.get(chain) ?? null, true);
  }

  /** Chains that checkpoints hold and the table does not show. In a part of the table, they may be in another part. */
  async #signedOnly(): Promise<readonly string[]> {
    const names = [...this.#anchors.chains()].filter((chain) => !this.#seen.chains.has(chain) && !this.#seen.claims.has(chain));
    if (this.#share.of === 1) return names;
    const kept = await inParallel(names, chainsAtOnce, async (chain) => {
      const { pk } = auditKey(chain, 1);
      return (await this.#stores.table.query({ pk, limit: 1, consistent: true })).items.length > 0;
    });
    return names.filter((_, i) => !kept[i]);
  }

  #expired(chains: readonly string[]): ReturnType<typeof expiredEntries> {
    const stretches = chains.map((chain) => ({ chain, first: 1, last: Infinity }));
    return expiredEntries(this.#stores.archive, stretches, this.#stores.clock.nowMs());
  }

  /** Whether all is said of the chain. With `isLast` it is, though nothing it belongs to was found. */
  async #visit(
    chain: string,
    expired: readonly AuditEntry[] | null,
    isLast = false,
  ): Promise<'done' | 'unowned' | 'needs the archive'> {
    const { table } = this.#stores;
    const isSystem = chain.startsWith(systemChainPrefix);
    const owner = isSystem ? null : await ownerOfChain(table, this.#seen, chain, expired);
    const visit = new ChainVisit({ table, anchors: this.#anchors, worlds: this.#worlds }, chain);
    let visited: Visited;
    try {
      visited = await visit.run(owner, this.#seen.claims.get(chain) ?? [], expired);
    } catch (error) {
      if (error instanceof NeedsArchive && expired === null) return 'needs the archive';
      throw error;
    }
    if (visited.isUnowned) {
      if (!isLast) return 'unowned';
      const text = `chain ${chain}: neither a state nor a decision belongs to it: they were deleted`;
      this.#findings.add({ kind: 'state', chain, text });
    }
    this.#note(chain, visited);
    return 'done';
  }

  #note(chain: string, { entries, uncovered, uncoveredSince, findings, compared, notCompared }: Visited): void {
    this.#chains += 1;
    this.#entries += entries;
    this.#uncovered += uncovered;
    for (const finding of findings) this.#findings.add(finding);
    this.#count(compared);
    for (const cause of notCompared) this.#findings.notCompared(cause, chain);
    if (uncoveredSince === null || findings.length > 0) return;
    const { sequence, at } = uncoveredSince;
    const lagMs = this.#options.lagMs ?? normalLagMs;
    const waitedMs = this.#stores.clock.nowMs() - Date.parse(at);
    if (waitedMs <= lagMs && waitedMs >= -aheadMs) {
      this.#notYet.entries += uncovered;
      this.#notYet.chains += 1;
      return;
    }
    const which = uncovered === 1 ? `entry ${sequence}` : `${uncovered} entries from ${sequence} on`;
    const text = `chain ${chain}: no checkpoint holds ${which}, made at ${at}; a checkpoint is due within ${lagMs / 60_000} minutes: its head was lost or deleted`;
    this.#findings.add({ kind: 'uncovered', chain, sequence, text });
  }

  #count(compared: Partial<Record<Compared, number>>): void {
    for (const [what, count] of Object.entries(compared)) this.#findings.compared[what as Compared] += count;
  }

  async #checkTenants(): Promise<void> {
    const { unnotedKeysBy = [] } = this.#stores;
    for (const [tenant, lists] of this.#seen.tenants) {
      const checked = await checkTenant(this.#stores, tenant, { lists, unnotedKeysBy });
      for (const finding of checked.findings) this.#findings.add(finding);
      this.#count(checked.compared);
      for (const cause of checked.notCompared) this.#findings.notCompared(cause, tenant);
    }
  }

  #report(unreadable: string | null): LiveReport {
    const isTampered = this.#findings.count > 0;
    const checkpoints = this.#trail.all();
    return {
      verdict: isTampered ? 'tampered' : unreadable === null ? 'intact' : 'unreadable',
      exitCode: isTampered ? 1 : unreadable === null ? 0 : 2,
      findings: this.#findings.all(),
      unreadable,
      scope: null,
      chains: this.#chains,
      entries: this.#entries,
      uncoveredEntries: this.#uncovered,
      checkpoints: {
        count: checkpoints.length,
        first: nameOfCheckpoint(checkpoints[0]),
        last: nameOfCheckpoint(checkpoints.at(-1)),
      },
      sweep: null,
      keyIds: this.#trail.keyIds(),
      isKeyGiven: this.#options.publicKey !== undefined,
      live: {
        share: this.#share,
        compared: this.#findings.compared,
        notYetCovered: this.#notYet,
        notCompared: this.#findings.causes(),
        cost: this.#meter.cost(),
      },
    };
  }
}
