import type { KeyObject } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { Readable } from 'node:stream';
import { type BundleHeader, bundleFormat } from '../../functions/read/evidence/bundle.ts';
import { type Finding, type FindingKind, Unreadable } from '../../functions/read/evidence/finding.ts';
import { bundleBlocksOf, fileChunks, linesIn } from '../../functions/read/evidence/lines.ts';
import { canonicalText, isCanonical, sha256Hex } from '../../shared/proof/canonical.ts';
import {
  asCheckpoint,
  asLeafProof,
  type Checkpoint,
  checkpointHash,
  findSplitView,
  isCheckpointSignedBy,
  type LeafProof,
  leafVerifier,
} from '../../shared/proof/checkpoint.ts';
import { firstPreviousHash } from '../../shared/proof/entry.ts';
import { readPublicKeys } from '../../shared/proof/signer.ts';
import { ChainCheck } from './chainCheck.ts';
import { type EntryFacts, entryFacts, isEntryLine, unpackFacts } from './entryFacts.ts';
import { type EntryPool, startEntryPool } from './entryPool.ts';

export interface VerifyOptions {
  /** SPKI in PEM, one key or several, from a source other than the bundle. Without it the bundle's own are taken, and the report says so. */
  readonly publicKey?: string;
  /** Checkpoints that the caller has kept from before: another history, or one cut short, shows against them. */
  readonly known?: readonly Checkpoint[];
  /** Called now and then with the bytes read so far. */
  readonly onProgress?: (bytesRead: number) => void;
  /** Threads beside this one that hash the entries of a large bundle; by default as many as the machine has cores, at most 4. */
  readonly threads?: number;
}

export interface VerifyReport {
  readonly verdict: 'intact' | 'tampered' | 'unreadable';
  /** 0 intact, 1 tampered, 2 unreadable. */
  readonly exitCode: 0 | 1 | 2;
  /** In the order of the bundle, the first of each chain, at most `findingsMax`. */
  readonly findings: readonly Finding[];
  /** Why the bundle cannot be read, or null. */
  readonly unreadable: string | null;
  readonly scope: BundleHeader['scope'] | null;
  readonly chains: number;
  readonly entries: number;
  /** Entries after the last checkpoint that holds their chain: edits of them show only while a later entry still fits the old hash. */
  readonly uncoveredEntries: number;
  readonly checkpoints: { readonly count: number; readonly first: CheckpointName | null; readonly last: CheckpointName | null };
  /** The keys that may have signed, and whether the caller vouched for them. */
  readonly keyIds: readonly string[];
  readonly isKeyGiven: boolean;
}

export interface CheckpointName {
  readonly number: number;
  readonly at: string;
  readonly hash: string;
}

export const findingsMax = 100;

/**
 * Verifies a bundle file: gzip or plain JSON lines, or an evidence page that has one attached. Needs no service and no secret. Never
 * throws for what the file holds; rejects only when it cannot be opened.
 */
export const verifyFile = async (path: string, options: VerifyOptions = {}): Promise<VerifyReport> =>
  verifyChunks(fileChunks(path), options);

export const verifyBytes = async (bytes: Uint8Array, options: VerifyOptions = {}): Promise<VerifyReport> =>
  verifyChunks(Readable.from(bytes.length === 0 ? [] : [Buffer.from(bytes)]), options);

/** The same for a bundle that comes in pieces, from wherever. */
export const verifyChunks = async (source: AsyncIterable<Buffer>, options: VerifyOptions = {}): Promise<VerifyReport> => {
  const check = new BundleCheck(options);
  const reader = new FactReader(options.threads ?? Math.min(threadsMax, availableParallelism()));
  const ahead: Promise<Read>[] = [];
  const next = async (): Promise<void> => {
    const { block, facts } = await ahead.shift()!;
    check.block(block, facts);
  };
  let unreadable: Unreadable | null = null;
  try {
    try {
      for await (const block of bundleBlocksOf(source, options.onProgress)) {
        const reading = reader.read(block);
        // Nobody waits for it any more where a line before it ends the reading.
        reading.catch(() => undefined);
        ahead.push(reading);
        if (ahead.length > blocksAhead) await next();
      }
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
      unreadable = error;
    }
    while (ahead.length > 0) await next();
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    unreadable = error;
  } finally {
    await reader.close();
  }
  return check.report(unreadable?.message ?? null);
};

const threadsMax = 4;
/** Blocks of about a megabyte that wait for their facts. */
const blocksAhead = 8;
/** Smaller bundles are done before a thread has started. */
const threadsFromBytes = 8 * 2 ** 20;

interface Read {
  readonly block: Buffer;
  readonly facts: Iterator<EntryFacts>;
}

/** Finds the facts of a block's entries: here while the bundle is small, then in threads. */
class FactReader {
  readonly #threads: number;
  #bytes = 0;
  #pool: EntryPool | null = null;

  constructor(threads: number) {
    this.#threads = threads;
  }

  async read(block: Buffer): Promise<Read> {
    this.#bytes += block.length;
    if (this.#threads > 0 && this.#bytes > threadsFromBytes) this.#pool ??= startEntryPool(this.#threads);
    if (this.#pool) return { block, facts: unpackFacts(await this.#pool.facts(block)) };
    return { block, facts: factsOf(block) };
  }

  async close(): Promise<void> {
    await this.#pool?.close();
  }
}

function* factsOf(block: Buffer): Generator<EntryFacts> {
  for (const line of linesIn(block)) if (isEntryLine(line)) yield entryFacts(line);
}

const scopesWithoutBounds = ['accounts', 'stretch', 'chains'];

interface KnownCheckpoint {
  readonly checkpoint: Checkpoint;
  readonly isLeaf: (claim: LeafProof) => boolean;
  /** Leaves shown so far. */
  shown: number;
  lastIndex: number;
}

class BundleCheck {
  readonly #options: VerifyOptions;
  readonly #findings: Finding[] = [];
  #lineNumber = 0;
  #header: BundleHeader | null = null;
  #keys: ReadonlyMap<string, KeyObject> = new Map();
  /** Keys that another has followed. */
  readonly #rotatedOut = new Set<string>();
  #isKeyGiven = false;
  readonly #checkpoints = new Map<number, KnownCheckpoint>();
  #lastCheckpoint: Checkpoint | null = null;
  #chain: ChainCheck | null = null;
  #lastChain: string | null = null;
  /** The last checkpoint that holds or excludes the chain under way. */
  #spokenThrough = 0;
  /** Checkpoints after this must show all their leaves, since some chain has no other proof that they don't hold it. */
  #silent: { readonly after: number; readonly chain: string } | null = null;
  #chains = 0;
  #entries = 0;
  #uncovered = 0;
  #isEnded = false;

  constructor(options: VerifyOptions) {
    this.#options = options;
  }

  /** `facts` of the block's entries, one for each in order. */
  block(block: Buffer, facts: Iterator<EntryFacts>) {
    for (const line of linesIn(block)) {
      this.#lineNumber++;
      if (this.#isEnded) throw new Unreadable(`line ${this.#lineNumber}: something follows the end of the bundle`);
      const own = isEntryLine(line) ? facts.next().value : undefined;
      if (this.#chain && own) {
        this.#entries++;
        this.#chain.entry(own, this.#lineNumber);
      } else this.#other(line);
    }
  }

  report(unreadable: string | null = null): VerifyReport {
    let reason = unreadable;
    try {
      if (reason === null) this.#finish();
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
      reason = error.message;
    }
    // Of a chain that breaks off, only what is certain already counts.
    if (reason !== null && this.#chain?.finding) this.#add(this.#chain.finding);
    const isTampered = this.#findings.length > 0;
    const verdict = isTampered ? 'tampered' : reason === null ? 'intact' : 'unreadable';
    const all = [...this.#checkpoints.values()];
    return {
      verdict,
      exitCode: isTampered ? 1 : reason === null ? 0 : 2,
      findings: this.#findings,
      unreadable: reason,
      scope: this.#header?.scope ?? null,
      chains: this.#chains,
      entries: this.#entries,
      uncoveredEntries: this.#uncovered,
      checkpoints: { count: all.length, first: nameOf(all[0]?.checkpoint), last: nameOf(this.#lastCheckpoint) },
      keyIds: [...this.#keys.keys()],
      isKeyGiven: this.#isKeyGiven,
    };
  }

  #find(kind: FindingKind, text: string) {
    this.#add({ kind, line: this.#lineNumber, chain: null, sequence: null, since: null, text });
  }

  #add(finding: Finding) {
    if (this.#findings.length < findingsMax) this.#findings.push(finding);
  }

  #other(bytes: Buffer) {
    const value = parsed(bytes);
    if (!this.#header) return this.#readHeader(value);
    if (!value) return this.#malformed('is not a line of a bundle in canonical form');
    switch (value.kind) {
      case 'checkpoint':
        return this.#checkpoint(value);
      case 'policy':
        if (sha256Hex(canonicalText(value.policy ?? null)) !== value.hash)
          this.#find('policy', `a policy does not have the hash it says, ${value.hash}`);
        return;
      case 'model':
        return;
      case 'chain':
        return this.#startChain(value);
      case 'leaf':
        return this.#leaf(value);
      case 'absent':
        return this.#absent(value);
      case 'end':
        return this.#end(value);
      default:
        return this.#malformed('is of no known kind');
    }
  }

  #malformed(text: string) {
    if (this.#chain) {
      // Whatever it was, it stands where an entry was expected: the chain names the place.
      this.#entries++;
      this.#chain.entry({ kind: 'malformed', text: 'is not an entry in canonical form' }, this.#lineNumber);
      if (this.#chain.finding) return;
    }
    this.#find('malformed', `line ${this.#lineNumber} ${text}`);
  }

  #readHeader(value: Record<string, unknown> | null) {
    if (value?.kind !== 'header' || value.format !== bundleFormat) {
      throw new Unreadable(`this is no bundle: it does not begin with a header of the format ${bundleFormat}`);
    }
    const header = value as unknown as BundleHeader;
    const scope = header.scope as Partial<Extract<BundleHeader['scope'], { kind: 'range' }>> | { kind: string } | undefined;
    const isBound = (bound: unknown): boolean =>
      bound === null || (typeof bound === 'string' && !Number.isNaN(Date.parse(bound)));
    const isRange = scope?.kind === 'range' && 'from' in scope && isBound(scope.from) && isBound(scope.to);
    if (!isRange && !scopesWithoutBounds.includes(String(scope?.kind))) {
      throw new Unreadable('the header does not say what the bundle holds (scope)');
    }
    this.#header = header;
    this.#isKeyGiven = this.#options.publicKey !== undefined;
    if (this.#options.publicKey !== undefined) this.#keys = readPublicKeys(this.#options.publicKey);
    if (header.publicKey === null) return;
    let own: ReadonlyMap<string, KeyObject>;
    try {
      own = readPublicKeys(header.publicKey);
    } catch (error) {
      throw new Unreadable(`the header's key: ${(error as Error).message}`);
    }
    if (!this.#isKeyGiven) this.#keys = own;
    const foreign = [...own.keys()].find((keyId) => !this.#keys.has(keyId));
    if (foreign !== undefined)
      this.#find('wrong-key', `the bundle is signed by key ${foreign}; the key given is ${[...this.#keys.keys()].join(', ')}`);
  }

  /** Whether checkpoints may be left out. */
  #isExcerpt(): boolean {
    const { kind } = this.#header!.scope;
    return kind === 'accounts' || kind === 'stretch';
  }

  #checkpoint(value: Record<string, unknown>) {
    const checkpoint = asCheckpoint(value);
    if (!checkpoint || this.#chains > 0)
      return this.#find('checkpoint', `line ${this.#lineNumber} is a malformed or misplaced checkpoint`);
    const { number, previousHash, previousRoot, keyId, at } = checkpoint.body;
    const before = this.#lastCheckpoint?.body;
    const known = this.#checkpoints.get(number);
    if (known) {
      if (checkpointHash(known.checkpoint.body) !== checkpointHash(checkpoint.body))
        this.#find('split-view', `there are two different checkpoints ${number}: two histories`);
      else this.#find('checkpoint', `checkpoint ${number} comes twice`);
      return;
    }
    const isLeftOut = before && number > before.number + 1 && this.#isExcerpt();
    if (before && number !== before.number + 1 && !isLeftOut) {
      this.#find(
        'withheld',
        number < before.number ? `checkpoint ${number} is out of order` : `checkpoint ${before.number + 1} is missing`,
      );
    } else if (before && !isLeftOut && (previousHash !== checkpointHash(before) || previousRoot !== before.root)) {
      this.#find('split-view', `checkpoint ${number} does not continue checkpoint ${before.number}: it is from another history`);
    } else if (before && !(Date.parse(at) >= Date.parse(before.at))) {
      this.#find('checkpoint', `checkpoint ${number} is older than checkpoint ${before.number}`);
    } else if (number === 1 && (previousHash !== firstPreviousHash || previousRoot !== firstPreviousHash)) {
      this.#find('checkpoint', 'checkpoint 1 names one before it');
    }
    const key = this.#keys.get(keyId);
    if (before && before.keyId !== keyId) this.#rotatedOut.add(before.keyId);
    if (this.#keys.size === 0) this.#find('wrong-key', 'the bundle has checkpoints but no key');
    else if (!key)
      this.#find('wrong-key', `checkpoint ${number} is signed by key ${keyId}, not by ${[...this.#keys.keys()].join(', ')}`);
    else if (this.#rotatedOut.has(keyId))
      this.#find('wrong-key', `checkpoint ${number} is signed by key ${keyId}, which another key had followed`);
    else if (!isCheckpointSignedBy(checkpoint, key))
      this.#find('signature', `the signature of checkpoint ${number} is not by key ${keyId}`);
    this.#checkpoints.set(number, { checkpoint, isLeaf: leafVerifier(checkpoint.body), shown: 0, lastIndex: -1 });
    this.#lastCheckpoint = checkpoint;
  }

  #startChain({ chain, first }: Record<string, unknown>) {
    this.#finishChain();
    if (typeof chain !== 'string' || !Number.isSafeInteger(first) || (first as number) < 1)
      return this.#malformed('does not begin a chain');
    const scope = this.#header!.scope;
    const from = scope.kind === 'range' ? scope.from : null;
    this.#chains++;
    this.#chain = new ChainCheck({ chain, first: first as number, line: this.#lineNumber, mustStartBefore: from });
    if (this.#lastChain !== null && chain <= this.#lastChain) {
      this.#chain.report('reordered', this.#lineNumber, null, `comes after chain ${this.#lastChain}, out of order`);
    }
    if (from === null && scope.kind !== 'stretch' && first !== 1)
      this.#chain.report('missing', this.#lineNumber, 1, `begins at entry ${first}: what came before is missing`);
    this.#lastChain = chain;
    this.#spokenThrough = (this.#checkpoints.keys().next().value ?? 1) - 1;
  }

  #leaf(value: Record<string, unknown>) {
    const claim = asLeafProof(value);
    const known = this.#checkpoints.get(value.checkpoint as number);
    if (!this.#chain || !claim || !known) return this.#malformed('is a malformed or misplaced leaf');
    const { number } = known.checkpoint.body;
    const [chain, sequence, head] = claim.leaf;
    if (chain !== this.#chain.chain || !known.isLeaf(claim)) {
      return this.#chain.report(
        'proof',
        this.#lineNumber,
        sequence,
        `entry ${sequence} is not the head that checkpoint ${number} holds: the proof does not lead to its root`,
      );
    }
    if (claim.index > known.lastIndex) known.shown++;
    known.lastIndex = Math.max(known.lastIndex, claim.index);
    this.#spokenThrough = Math.max(this.#spokenThrough, number);
    this.#chain.anchor({ checkpoint: number, sequence, head }, this.#lineNumber);
  }

  #absent(value: Record<string, unknown>) {
    const known = this.#checkpoints.get(value.checkpoint as number);
    if (!this.#chain || !known) return this.#malformed('is a malformed or misplaced proof of absence');
    const { body } = known.checkpoint;
    const { chain } = this.#chain;
    const left = value.left === null ? null : asLeafProof(value.left);
    const right = value.right === null ? null : asLeafProof(value.right);
    const isProved =
      (value.left === null ? right?.index === 0 : left !== null && left.leaf[0] < chain && known.isLeaf(left)) &&
      (value.right === null ? left?.index === body.size - 1 : right !== null && right.leaf[0] > chain && known.isLeaf(right)) &&
      (left === null || right === null || left.index + 1 === right.index);
    if (!isProved) {
      return this.#chain.report(
        'proof',
        this.#lineNumber,
        null,
        `the proof that checkpoint ${body.number} does not hold the chain is wrong`,
      );
    }
    if (body.number === this.#spokenThrough + 1) this.#spokenThrough = body.number;
  }

  #finishChain() {
    const chain = this.#chain;
    if (!chain) return;
    chain.finish(this.#lineNumber);
    if (chain.finding) this.#add(chain.finding);
    this.#uncovered += chain.uncovered;
    const last = this.#lastCheckpoint?.body.number ?? 0;
    if (this.#spokenThrough < last && (!this.#silent || this.#spokenThrough < this.#silent.after)) {
      this.#silent = { after: this.#spokenThrough, chain: chain.chain };
    }
    this.#chain = null;
  }

  #end({ chains, entries }: Record<string, unknown>) {
    this.#finishChain();
    this.#isEnded = true;
    if (chains !== this.#chains || entries !== this.#entries) {
      this.#find(
        'count',
        `the bundle says that it holds ${entries} entries of ${chains} chains; there are ${this.#entries} of ${this.#chains}`,
      );
    }
  }

  #finish() {
    if (!this.#header) throw new Unreadable('the file is empty');
    if (!this.#isEnded) {
      throw new Unreadable(`the bundle is cut off after line ${this.#lineNumber}: its end is missing`);
    }
    if (this.#entries === 0) throw new Unreadable('the bundle holds no entries: there is nothing to verify');
    this.#requireLeaves();
    this.#compareWithKnown();
  }

  /** A checkpoint whose leaves are not all shown could hold a later head of a chain that was cut short, or a chain that was left out. */
  #requireLeaves() {
    if (this.#isExcerpt()) return;
    const after = this.#header!.scope.kind === 'range' ? 0 : (this.#silent?.after ?? Infinity);
    for (const { checkpoint, shown } of this.#checkpoints.values()) {
      const { number, size } = checkpoint.body;
      if (number <= after || shown === size) continue;
      const whose =
        this.#header!.scope.kind === 'range' ? 'a chain was left out' : `chain ${this.#silent!.chain} may have been cut short`;
      this.#find('withheld', `checkpoint ${number} holds ${size} heads and the bundle shows ${shown} of them: ${whose}`);
      return;
    }
  }

  #compareWithKnown() {
    const known = this.#options.known ?? [];
    if (known.length === 0) return;
    const foreign = known.find((checkpoint) => {
      const key = this.#keys.get(checkpoint.body.keyId);
      return !key || !isCheckpointSignedBy(checkpoint, key);
    });
    if (foreign)
      return this.#find(
        'wrong-key',
        `the checkpoint ${foreign.body.number} that you keep is not signed by key ${[...this.#keys.keys()].join(', ') || '(none)'}`,
      );
    const split = findSplitView(
      [...this.#checkpoints.values()].map((one) => one.checkpoint),
      known,
    );
    if (split)
      this.#find('split-view', `checkpoint ${split.number} is not the one that you keep: the bundle shows another history`);
    const newest = Math.max(...known.map((checkpoint) => checkpoint.body.number));
    const last = this.#lastCheckpoint?.body.number ?? 0;
    if (newest > last && ['chains', 'accounts'].includes(this.#header!.scope.kind)) {
      this.#find('withheld', `the bundle ends at checkpoint ${last}; you keep checkpoint ${newest}`);
    }
  }
}

const nameOf = (checkpoint: Checkpoint | null | undefined): CheckpointName | null =>
  checkpoint ? { number: checkpoint.body.number, at: checkpoint.body.at, hash: checkpointHash(checkpoint.body) } : null;

const parsed = (bytes: Buffer): Record<string, unknown> | null => {
  if (!isCanonical(bytes)) return null;
  const value: unknown = JSON.parse(bytes.toString('utf8'));
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
};
