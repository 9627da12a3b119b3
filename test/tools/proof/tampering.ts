import type { Finding } from '../../../functions/read/evidence/finding.ts';
import type { AuditEntry } from '../../../shared/proof/entry.ts';
import { verifyBytes } from '../../../tools/proof/verify.ts';
import { bodyOf, bytesOf, chainOf, entryLine, type Log, lineOf, linesOf, logOf, sealEntry, startMs } from './builders.ts';

/** What a hostile administrator can do to the rows of one chain. Each returns the lines that then stand for the chain. */
export const tamperings = {
  'bit flip': flipBit,
  deletion: (entries, k) => entries.filter((_, i) => i !== k - 1).map(entryLine),
  insertion: insert,
  swap: (entries, k) =>
    entries
      .with(k - 1, entries[k]!)
      .with(k, entries[k - 1]!)
      .map(entryLine),
  'tail truncation': (entries, k) => entries.slice(0, k - 1).map(entryLine),
  'rehashed edit': (entries, k) => entries.with(k - 1, edited(entries[k - 1]!)).map(entryLine),
  'rehashed rewrite': (entries, k) => {
    const rewritten = [...entries.slice(0, k - 1), edited(entries[k - 1]!)];
    for (const entry of entries.slice(k)) rewritten.push(sealEntry({ ...entry.body, previousHash: rewritten.at(-1)!.hash }));
    return rewritten.map(entryLine);
  },
  'move to another account': (entries, k, random, log) => {
    const others = [...log.chains.values()].filter((other) => other[0]!.body.chain !== entries[0]!.body.chain);
    const other = others[random(others.length)]!;
    const moved = other[random(other.length)]!;
    const { chain } = entries[0]!.body;
    const relabelled = sealEntry({ ...moved.body, chain });
    const refitted = sealEntry({ ...moved.body, chain, sequence: k, previousHash: entries[k - 2]?.hash ?? '0'.repeat(64) });
    return [...entries.slice(0, k - 1), [moved, relabelled, refitted][random(3)]!, ...entries.slice(k)].map(entryLine);
  },
  'rolled-back state': (entries, k, random) => {
    const { chain } = entries[0]!.body;
    return chainOf(chain, k + random(entries.length), entries.slice(0, k - 1), 7).map(entryLine);
  },
} satisfies Record<string, Tampering>;

export type TamperingName = keyof typeof tamperings;

/** `k` is the sequence tampered with, 1..length (below the length for a swap). */
type Tampering = (entries: readonly AuditEntry[], k: number, random: Random, log: Log) => string[];

/** An integer 0..below-1. */
export type Random = (below: number) => number;

export const fieldClasses = [
  'chain',
  'sequence',
  'previousHash',
  'event',
  'at',
  'transactionId',
  'amountMinor',
  'currency',
  'fingerprint',
  'sealed',
  'signals',
  'triggered',
  'degraded',
  'late',
  'outcome',
  'score',
  'policyHash',
  'hash',
  'structure',
] as const;

function flipBit(entries: readonly AuditEntry[], k: number, random: Random): string[] {
  const lines = entries.map(entryLine);
  const line = Buffer.from(lines[k - 1]!);
  const field = fieldClasses[random(fieldClasses.length)]!;
  const value = field === 'hash' ? entries[k - 1]!.hash : entries[k - 1]!.body[field];
  const text = `"${field}":${JSON.stringify(value)}`;
  const start = field === 'structure' ? 0 : line.lastIndexOf(text.slice(0, field.length + 4));
  const length = field === 'structure' ? line.length : text.length;
  const at = start + random(length);
  // Only flips that stay ASCII: the lines are joined as text.
  line[at]! ^= 1 << random(7);
  lines[k - 1] = line.toString('latin1');
  return lines;
}

function insert(entries: readonly AuditEntry[], k: number, random: Random): string[] {
  const body = bodyOf(entries[0]!.body.chain, k, entries[k - 2]?.hash ?? '0'.repeat(64), startMs);
  const forged = sealEntry({ ...body, amountMinor: 1 });
  const unfit = sealEntry({ ...body, previousHash: 'ab'.repeat(32) });
  const copy = entries[random(entries.length)]!;
  const inserted = [forged, unfit, copy][random(3)]!;
  // A copy of the entry that stands there already is inserted after it: the same lines.
  return [...entries.slice(0, k - 1), inserted, ...entries.slice(k - 1)].map(entryLine);
}

const edited = (entry: AuditEntry): AuditEntry =>
  sealEntry({ ...entry.body, amountMinor: (entry.body.amountMinor as number) + 1, outcome: 'ALLOW' });

/** The last sequence of a chain that a checkpoint holds. */
export const coveredThrough = (log: Log, chain: string): number =>
  Math.max(
    0,
    ...log.checkpoints.flatMap(({ leaves }) => leaves.filter((leaf) => leaf.chain === chain).map((leaf) => leaf.sequence)),
  );

export interface Tally {
  readonly name: TamperingName;
  /** At or before the last checkpoint of the chain: detection is owed. */
  covered: number;
  detected: number;
  /** The finding's entry, or the stretch that it gives, has the tampered one. */
  named: number;
  /** After the last checkpoint: not owed. */
  uncovered: number;
  uncoveredDetected: number;
  /** Clean chains in the same bundles that were accused. */
  falseAlarms: number;
}

/**
 * Tampers with `count` entries, one in each of half the chains of a log at a time, exports what then stands there with the true
 * checkpoints, and verifies.
 */
export const tamper = async (log: Log, name: TamperingName, count: number, random: Random): Promise<Tally> => {
  const tally: Tally = { name, covered: 0, detected: 0, named: 0, uncovered: 0, uncoveredDetected: 0, falseAlarms: 0 };
  const clean = await linesOf(log);
  const names = [...log.chains.keys()];
  for (let left = count; left > 0; ) {
    const victims = new Map<string, number>();
    while (victims.size < Math.min(left, Math.floor(names.length / 2))) {
      const chain = names[random(names.length)]!;
      const length = log.chains.get(chain)!.length;
      if (name === 'swap' ? length > 1 : length > 0) victims.set(chain, 1 + random(name === 'swap' ? length - 1 : length));
    }
    left -= victims.size;
    const byChain = await verdicts(tampered(log, clean, victims, name, random), log);
    for (const [chain, k] of victims) count1(tally, k <= coveredThrough(log, chain), byChain.get(chain), k);
    for (const chain of byChain.keys()) if (!victims.has(chain)) tally.falseAlarms++;
  }
  return tally;
};

const count1 = (tally: Tally, isCovered: boolean, finding: Finding | undefined, k: number): void => {
  if (!isCovered) {
    tally.uncovered++;
    if (finding) tally.uncoveredDetected++;
    return;
  }
  tally.covered++;
  if (!finding) return;
  tally.detected++;
  const sequence = finding.sequence ?? 0;
  if ((finding.since ?? sequence) <= k && k <= sequence) tally.named++;
};

const verdicts = async (lines: readonly string[], log: Log): Promise<Map<string, Finding>> => {
  const { findings } = await verifyBytes(bytesOf(lines), { publicKey: log.signer.publicKey });
  return new Map(findings.flatMap((finding) => (finding.chain === null ? [] : [[finding.chain, finding] as const])));
};

/** The lines of a bundle in which one entry of each victim is tampered with. */
export const tampered = (
  log: Log,
  clean: readonly string[],
  victims: ReadonlyMap<string, number>,
  name: TamperingName,
  random: Random,
): string[] => {
  const lines = [...clean];
  // From the last chain to the first, so that the places before stay valid.
  for (const [chain, k] of [...victims].toSorted(([a], [b]) => (a < b ? 1 : -1))) {
    const entries = log.chains.get(chain)!;
    lines.splice(lineOf(clean, chain, 1), entries.length, ...tamperings[name](entries, k, random, log));
  }
  return lines;
};

/** Park-Miller: the same seed gives the same run. */
export const seeded = (seed: number): Random => {
  let state = (seed % 2147483646) + 1;
  return (below) => {
    state = (state * 48271) % 2147483647;
    return state % below;
  };
};

/** A log of `entryCount` entries in `chainCount` chains with `checkpointCount` checkpoints and a tail that none covers. */
export const randomLog = (chainCount: number, entryCount: number, checkpointCount: number, random: Random): Promise<Log> => {
  const lengths: Record<string, number[]> = {};
  const perChain = Math.floor(entryCount / chainCount);
  for (let i = 0; i < chainCount; i++) {
    const counts = Array.from({ length: checkpointCount }, () => random(perChain + 1)).toSorted((a, b) => a - b);
    lengths[`chain-${String(i).padStart(4, '0')}`] = [...counts, perChain];
  }
  return logOf(lengths);
};
