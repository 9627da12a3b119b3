import { readBody, sha256Hex } from '../../shared/proof/canonical.ts';

/** What one line says of an entry, found without knowing what comes before or after it. */
export type EntryFacts =
  | { readonly kind: 'malformed'; readonly text: string }
  /** The body does not give the hash. */
  | { readonly kind: 'edited'; readonly computed: string; readonly hash: string }
  | {
      readonly kind: 'entry';
      readonly chain: string | undefined;
      readonly sequence: number | undefined;
      readonly previousHash: string | undefined;
      readonly at: string | undefined;
      readonly hash: string;
    };

const prefix = Buffer.from('{"body":');
const hashPrefix = Buffer.from(',"hash":"');
const hashLength = 64;
const tailLength = hashPrefix.length + hashLength + 2;

export const isEntryLine = (line: Buffer): boolean => line.length > prefix.length && line.compare(prefix, 0, 8, 0, 8) === 0;

/** Reads a line as an entry: hashed as the bytes it is, which must be canonical. Never throws. */
export const entryFacts = (line: Buffer): EntryFacts => {
  const bodyEnd = line.length - tailLength;
  const hasForm =
    bodyEnd > prefix.length &&
    isEntryLine(line) &&
    line.compare(hashPrefix, 0, hashPrefix.length, bodyEnd, bodyEnd + hashPrefix.length) === 0 &&
    line[line.length - 2] === 0x22 &&
    line[line.length - 1] === 0x7d;
  if (!hasForm) return { kind: 'malformed', text: 'is not an entry in canonical form' };
  const body = line.subarray(prefix.length, bodyEnd);
  const fields = readBody(body);
  if (!fields) return { kind: 'malformed', text: 'has a body that is not canonical JSON' };
  const hash = line.toString('latin1', line.length - hashLength - 2, line.length - 2);
  const computed = sha256Hex(body);
  if (computed !== hash) return { kind: 'edited', computed, hash };
  const { chain, sequence, previousHash, at } = fields;
  return { kind: 'entry', chain, sequence, previousHash, at, hash };
};

/** The facts of many entries in columns, which pass between threads at little cost. */
export interface PackedFacts {
  /** Hashes and previous hashes of every entry, 64 characters each. */
  readonly hashes: string;
  readonly previousHashes: string;
  readonly sequences: Float64Array;
  /** The chain of so many entries in a row. */
  readonly chains: readonly (readonly [count: number, chain: string])[];
  readonly ats: readonly string[];
  /** Entries that do not fit the columns, by their place; the columns hold nothing of meaning there. */
  readonly odd: ReadonlyMap<number, EntryFacts>;
}

const nothing = ' '.repeat(hashLength);

export const packFacts = (all: readonly EntryFacts[]): PackedFacts => {
  const sequences = new Float64Array(all.length);
  const chains: [number, string][] = [];
  const ats: string[] = [];
  const odd = new Map<number, EntryFacts>();
  let hashes = '';
  let previousHashes = '';
  for (const [i, facts] of all.entries()) {
    const fits =
      facts.kind === 'entry' &&
      facts.previousHash?.length === hashLength &&
      facts.chain !== undefined &&
      facts.sequence !== undefined &&
      facts.at !== undefined;
    if (!fits) odd.set(i, facts);
    const chain = fits ? facts.chain! : (chains.at(-1)?.[1] ?? '');
    const last = chains.at(-1);
    if (last?.[1] === chain) last[0]++;
    else chains.push([1, chain]);
    sequences[i] = fits ? facts.sequence! : 0;
    ats.push(fits ? facts.at! : '');
    hashes += fits ? facts.hash : nothing;
    previousHashes += fits ? facts.previousHash! : nothing;
  }
  return { hashes, previousHashes, sequences, chains, ats, odd };
};

/** The facts one by one, as they were packed. */
export function* unpackFacts({ hashes, previousHashes, sequences, chains, ats, odd }: PackedFacts): Generator<EntryFacts> {
  let i = 0;
  for (const [count, chain] of chains) {
    for (const end = i + count; i < end; i++) {
      const start = hashLength * i;
      yield odd.get(i) ?? {
        kind: 'entry',
        chain,
        sequence: sequences[i]!,
        previousHash: previousHashes.slice(start, start + hashLength),
        at: ats[i]!,
        hash: hashes.slice(start, start + hashLength),
      };
    }
  }
}
