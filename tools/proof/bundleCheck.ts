import { type BundleHeader, bundleFormat } from '../../functions/read/evidence/bundle.ts';
import { type Finding, type FindingKind, Unreadable } from '../../functions/read/evidence/finding.ts';
import { linesIn } from '../../functions/read/evidence/lines.ts';
import { canonicalText, isCanonical, sha256Hex } from '../../shared/proof/canonical.ts';
import { asCheckpoint, asLeafProof } from '../../shared/proof/checkpoint.ts';
import { ChainCheck } from './chainCheck.ts';
import { CheckpointTrail } from './checkpointTrail.ts';
import { type EntryFacts, isEntryLine } from './entryFacts.ts';
import { findingsMax, nameOfCheckpoint, sweepShown, type VerifyOptions, type VerifyReport } from './verifyReport.ts';

const scopesWithoutBounds = ['accounts', 'stretch', 'chains'];

/** Checks a bundle block by block, in order, and reports what it finds. Throws Unreadable for what is no bundle. */
export class BundleCheck {
  readonly #options: VerifyOptions;
  readonly #findings: Finding[] = [];
  #lineNumber = 0;
  #header: BundleHeader | null = null;
  readonly #trail = new CheckpointTrail((kind, text) => this.#find(kind, text));
  #chain: ChainCheck | null = null;
  #lastChain: string | null = null;
  /** The last checkpoint that holds or excludes the current chain. */
  #spokenThrough = 0;
  /** Checkpoints after this must show all their leaves, since nothing else proves that they do not hold some chain. */
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
    // Of a chain that breaks off, only what is already certain counts.
    if (reason !== null && this.#chain?.finding) this.#add(this.#chain.finding);
    const isTampered = this.#findings.length > 0;
    const verdict = isTampered ? 'tampered' : reason === null ? 'intact' : 'unreadable';
    const checkpoints = this.#trail.all();
    return {
      verdict,
      exitCode: isTampered ? 1 : reason === null ? 0 : 2,
      findings: this.#findings,
      unreadable: reason,
      scope: this.#header?.scope ?? null,
      chains: this.#chains,
      entries: this.#entries,
      uncoveredEntries: this.#uncovered,
      checkpoints: {
        count: checkpoints.length,
        first: nameOfCheckpoint(checkpoints[0]),
        last: nameOfCheckpoint(checkpoints.at(-1)),
      },
      sweep: this.#header?.scope.kind === 'range' ? sweepShown(checkpoints) : null,
      keyIds: this.#trail.keyIds(),
      isKeyGiven: this.#header !== null && this.#options.publicKey !== undefined,
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
      // The line is where an entry was expected: the chain names the place.
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
    this.#trail.readKeys(header.publicKey, this.#options.publicKey);
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
    this.#trail.add(checkpoint, this.#isExcerpt());
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
    this.#spokenThrough = this.#trail.firstNumber() - 1;
  }

  #leaf(value: Record<string, unknown>) {
    const claim = asLeafProof(value);
    const known = this.#trail.get(value.checkpoint);
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
    const known = this.#trail.get(value.checkpoint);
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
    const last = this.#trail.lastNumber();
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
    const { kind } = this.#header.scope;
    if (kind === 'range') this.#trail.requireLeaves(0, 'a chain was left out');
    else if (this.#silent && !this.#isExcerpt())
      this.#trail.requireLeaves(this.#silent.after, `chain ${this.#silent.chain} may have been cut short`);
    this.#trail.compareWith(this.#options.known ?? [], kind === 'chains' || kind === 'accounts');
  }
}

const parsed = (bytes: Buffer): Record<string, unknown> | null => {
  if (!isCanonical(bytes)) return null;
  const value: unknown = JSON.parse(bytes.toString('utf8'));
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
};
