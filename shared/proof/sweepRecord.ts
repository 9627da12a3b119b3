/**
 * What a sweep found of one share of the table, as a signed checkpoint records it. A share is one segment of a scan and a part of the chains
 * that checkpoints hold; all shares together are every item and every signed chain. No personal id is in it.
 */
export interface SweepRecord {
  /** 0 to `shares - 1`. */
  readonly share: number;
  readonly shares: number;
  /** Chains with entries in the share. */
  readonly chains: number;
  readonly entries: number;
  /** States of accounts in the share. */
  readonly states: number;
  /** Chains that checkpoints hold, of this share, looked up in the table. */
  readonly signed: number;
  /** Chains and states that contradict each other or what is signed. */
  readonly findings: number;
  /** RFC 3339: when the sweep of the share began. What was committed before is in these figures. */
  readonly from: string;
  /** RFC 3339: when it ended. */
  readonly to: string;
}

/** Every share is swept, and recorded in a signed checkpoint, within this time. */
export const sweepWithinMs = 7 * 86_400_000;

/** More shares than any version has: what says otherwise is no record. */
const sharesMax = 65_536;

export interface SweepCoverage {
  /** Shares that the table is swept in; 0 when no checkpoint records one. */
  readonly shares: number;
  /** The newest record of each share that was swept within the time, by share. */
  readonly covered: readonly SweepRecord[];
  /** Shares that were not. */
  readonly uncovered: readonly number[];
}

/**
 * Which shares were swept within the 7 days before `nowMs`, by the checkpoints of that time (in any order; older ones change nothing). The
 * newest record says in how many shares the table is swept; records of another number count for nothing. A record counts from its
 * beginning, and not at all when it lies in the future.
 */
export const sweepCoverage = (
  checkpoints: Iterable<{ readonly sweeps?: readonly SweepRecord[] }>,
  nowMs: number,
): SweepCoverage => {
  const records = [...checkpoints].flatMap(({ sweeps = [] }) => sweeps).filter(({ to }) => Date.parse(to) <= nowMs);
  const ordered = records.toSorted((a, b) => Date.parse(a.from) - Date.parse(b.from));
  const shares = ordered.at(-1)?.shares ?? 0;
  const newest = new Map<number, SweepRecord>();
  for (const record of ordered) {
    if (record.shares === shares && nowMs - Date.parse(record.from) <= sweepWithinMs) newest.set(record.share, record);
  }
  const all = Array.from({ length: shares }, (_, share) => share);
  return {
    shares,
    covered: all.flatMap((share) => newest.get(share) ?? []),
    uncovered: all.filter((share) => !newest.has(share)),
  };
};

/** Checks the shape of a record from outside. */
export const isSweepRecord = (value: unknown): value is SweepRecord => {
  if (typeof value !== 'object' || value === null) return false;
  const { share, shares, chains, entries, states, signed, findings, from, to, ...rest } = value as Record<string, unknown>;
  return (
    Object.keys(rest).length === 0 &&
    isCount(shares) &&
    shares <= sharesMax &&
    isCount(share) &&
    share < shares &&
    [chains, entries, states, signed, findings].every(isCount) &&
    isTime(from) &&
    isTime(to) &&
    Date.parse(from) <= Date.parse(to)
  );
};

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

const isTime = (value: unknown): value is string => typeof value === 'string' && Number.isFinite(Date.parse(value));
