import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { canonicalText } from '../../../shared/proof/canonical.ts';
import { type LeafProof, proveLeaf, type StoredCheckpoint, treeOf } from '../../../shared/proof/checkpoint.ts';
import type { AuditEntry } from '../../../shared/proof/entry.ts';

/**
 * The export bundle, `aegis-bundle/1`: gzip JSON lines, every line in RFC 8785 form. docs/audit.md describes it for other
 * implementations; the verifier is the reader.
 */
export const bundleFormat = 'aegis-bundle/1';

/**
 * What a bundle claims to hold. `accounts`: the named chains whole, each with the last checkpoint that holds it, the newest of all, and some before.
 * `stretch`: entries of one chain up to a head that a checkpoint holds, and that checkpoint. `chains`: as `accounts`, with every checkpoint since the first that holds one of them. `range`: all that the checkpoints of a time range cover,
 * of every chain; null = without bound.
 */
export type Scope =
  | { readonly kind: 'accounts' }
  | { readonly kind: 'stretch' }
  | { readonly kind: 'chains' }
  | { readonly kind: 'range'; readonly from: string | null; readonly to: string | null };

export interface BundleHeader {
  readonly kind: 'header';
  readonly format: typeof bundleFormat;
  readonly exportedAt: string;
  readonly scope: Scope;
  /** Every key that signed, SPKI in PEM, one after the other. A convenience: a verifier should get them from another source. */
  readonly publicKey: string | null;
}

export type BundleLine =
  | BundleHeader
  | { readonly kind: 'checkpoint'; readonly body: unknown; readonly signature: string }
  | { readonly kind: 'policy'; readonly hash: string; readonly policy: unknown }
  | { readonly kind: 'model'; readonly manifest: unknown }
  /** `first` is the sequence of the first entry that follows. */
  | { readonly kind: 'chain'; readonly chain: string; readonly first: number }
  | ({ readonly kind: 'leaf'; readonly checkpoint: number } & LeafProof)
  /** The chain has no leaf in this checkpoint: its neighbours in the sorted tree stand next to each other. */
  | {
      readonly kind: 'absent';
      readonly checkpoint: number;
      readonly left: LeafProof | null;
      readonly right: LeafProof | null;
    }
  | { readonly kind: 'end'; readonly chains: number; readonly entries: number };

/** One chain of a bundle; entries in order, without a gap. */
export interface ChainExport {
  readonly chain: string;
  readonly first: number;
  readonly entries: AsyncIterable<AuditEntry> | Iterable<AuditEntry>;
}

export interface BundleSource {
  readonly exportedAt: string;
  readonly scope: Scope;
  readonly publicKey: string | null;
  /** Ascending. Only in scopes `accounts` and `stretch` may some be missing. */
  readonly checkpoints: readonly StoredCheckpoint[];
  readonly policies: readonly { readonly hash: string; readonly policy: unknown }[];
  readonly models: readonly unknown[];
  /** Sorted by chain (UTF-16 code units). */
  readonly chains: AsyncIterable<ChainExport> | Iterable<ChainExport>;
}

/** The lines of a bundle, each ended by a newline. */
export async function* bundleLines(source: BundleSource): AsyncGenerator<string> {
  const { exportedAt, scope, publicKey, checkpoints } = source;
  yield lineOf({ kind: 'header', format: bundleFormat, exportedAt, scope, publicKey });
  for (const { body, signature } of checkpoints) yield lineOf({ kind: 'checkpoint', body, signature });
  for (const { hash, policy } of source.policies) yield lineOf({ kind: 'policy', hash, policy });
  for (const manifest of source.models) yield lineOf({ kind: 'model', manifest });
  const trees = checkpoints.map(({ body, leaves }) => ({ number: body.number, leaves, tree: treeOf(leaves) }));
  let chains = 0;
  let entries = 0;
  for await (const { chain, first, entries: own } of source.chains) {
    chains++;
    yield lineOf({ kind: 'chain', chain, first });
    const places = trees.map(({ leaves }) => placeOf(leaves, chain));
    const last = places.findLastIndex((place, i) => trees[i]!.leaves[place]?.chain === chain);
    for (const [i, { number, leaves, tree }] of trees.entries()) {
      const place = places[i]!;
      if (leaves[place]?.chain === chain) yield lineOf({ kind: 'leaf', checkpoint: number, ...proveLeaf(leaves, tree, place) });
      else if (i > last && scope.kind !== 'range') {
        const left = place === 0 ? null : proveLeaf(leaves, tree, place - 1);
        const right = place === leaves.length ? null : proveLeaf(leaves, tree, place);
        yield lineOf({ kind: 'absent', checkpoint: number, left, right });
      }
    }
    for await (const { body, hash } of own) {
      entries++;
      yield `${canonicalText({ body, hash })}\n`;
    }
  }
  yield lineOf({ kind: 'end', chains, entries });
}

/** Writes a bundle as a gzip file. Rejects when the source fails; the file is then to be thrown away. */
export const writeBundle = async (path: string, source: BundleSource): Promise<void> =>
  pipeline(bundleBlocks(source), createGzip(), createWriteStream(path));

/** Returns the bytes uncompressed, in larger pieces: one call per line would cost more than the work on it. */
export async function* bundleBlocks(source: BundleSource): AsyncGenerator<Buffer> {
  let block = '';
  for await (const line of bundleLines(source)) {
    block += line;
    if (block.length < blockCharacters) continue;
    yield Buffer.from(block);
    block = '';
  }
  if (block !== '') yield Buffer.from(block);
}

const blockCharacters = 256 * 1024;

const lineOf = (line: BundleLine): string => `${canonicalText(line)}\n`;

/** Returns the position of a chain among sorted leaves, or where it would be. */
const placeOf = (leaves: readonly { readonly chain: string }[], chain: string): number => {
  let from = 0;
  let to = leaves.length;
  while (from < to) {
    const middle = (from + to) >> 1;
    if (leaves[middle]!.chain < chain) from = middle + 1;
    else to = middle;
  }
  return from;
};
