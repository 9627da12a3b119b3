import type { Log } from '../../shared/edge/log.ts';
import { type Clock, TransactionCancelled } from '../../shared/ports/ports.ts';
import { ChainIndexBehind } from '../../shared/proof/chainIndex.ts';
import type { HotDays } from '../../shared/proof/hotRows.ts';
import type { SweepRecord } from '../../shared/proof/sweepRecord.ts';
import { readSweptShares, sweepShares, sweptWrite } from '../../shared/proof/sweptShares.ts';
import { prefixes } from '../../shared/store/names.ts';
import { expiry, type Finding, type SweepStores } from './finding.ts';
import { moved, nextShare, type Place, placeWrite, readPlace } from './place.ts';
import { sweepSigned } from './signedChains.ts';
import { readStretch } from './stretch.ts';
import { compareStretch } from './tableChains.ts';

export interface SweepDependencies extends SweepStores {
  readonly clock: Clock;
  readonly hotDays: HotDays;
  readonly log: Log;
}

export interface SweepResult {
  readonly outcome: 'swept' | 'not-due' | 'out-of-time' | 'index-behind' | 'other-run-under-way';
  /** Shares that this run ended. */
  readonly shares: number;
  readonly findings: number;
  /** Heads that nothing had noted for a checkpoint. */
  readonly late: number;
  /** How long ago the share whose turn is longest past was swept, by what signed checkpoints record. */
  readonly ageMs: number;
}

/** Findings and late heads of one step that are named in the log. */
const namedMax = 100;

/**
 * Goes on with the sweep: ends the shares that are due, as far as the time until `deadlineMs` reaches, and notes how far it came. A run that
 * is cut off loses its last step; of two runs at once one goes on. Throws store errors.
 */
export const sweep = async (dependencies: SweepDependencies, deadlineMs: number): Promise<SweepResult> => {
  const { table, clock } = dependencies;
  let place = await readPlace(table, clock.nowMs());
  const total = { shares: 0, findings: 0, late: 0 };
  const result = async (outcome: SweepResult['outcome']): Promise<SweepResult> => ({
    outcome,
    ...total,
    ageMs: await ageMs(dependencies, place),
  });
  for (;;) {
    if (place.dueAtMs > clock.nowMs()) return result(total.shares > 0 ? 'swept' : 'not-due');
    if (clock.nowMs() >= deadlineMs) return result('out-of-time');
    try {
      const step =
        place.phase === 'table' ? await tableStep(dependencies, place, deadlineMs) : await signedStep(dependencies, place);
      await table.transact([placeWrite(step.place), ...(step.record === null ? [] : [sweptWrite(step.record)])]);
      tell(dependencies.log, step);
      place = step.place;
      total.shares += step.record === null ? 0 : 1;
      total.findings += step.findings.length;
      total.late += step.late.length;
    } catch (error) {
      if (error instanceof ChainIndexBehind) return result('index-behind');
      if (error instanceof TransactionCancelled) return result('other-run-under-way');
      throw error;
    }
  }
};

interface Step {
  readonly place: Place;
  /** Of a share that has ended. */
  readonly record: SweepRecord | null;
  readonly findings: readonly Finding[];
  readonly late: readonly string[];
}

const tableStep = async (dependencies: SweepDependencies, place: Place, deadlineMs: number): Promise<Step> => {
  const { clock, hotDays } = dependencies;
  const beginMs = clock.nowMs();
  const stretch = await readStretch(dependencies, place.share, place.after, deadlineMs);
  const { findings, late } = await compareStretch(dependencies, stretch, beginMs, expiry(dependencies, hotDays, beginMs));
  const { counts } = place;
  // A chain through which the last stretch was cut is counted already.
  const { pk = '' } = place.after ?? {};
  const isCounted = pk.startsWith(prefixes.audit) && stretch.chains.has(pk.slice(prefixes.audit.length));
  const next = moved(place, {
    fromMs: place.fromMs === 0 ? beginMs : place.fromMs,
    after: stretch.after,
    phase: stretch.after === null ? 'signed' : 'table',
    counts: {
      ...counts,
      chains: counts.chains + stretch.chains.size - (isCounted ? 1 : 0),
      entries: counts.entries + stretch.entries,
      states: counts.states + stretch.states.length,
      findings: counts.findings + findings.length,
    },
  });
  return { place: next, record: null, findings, late };
};

const signedStep = async (dependencies: SweepDependencies, place: Place): Promise<Step> => {
  const { clock, hotDays } = dependencies;
  const { signed, findings, afterChain } = await sweepSigned(dependencies, place, expiry(dependencies, hotDays, clock.nowMs()));
  const { counts } = place;
  const next = { ...counts, signed: counts.signed + signed, findings: counts.findings + findings.length };
  if (afterChain !== null) return { place: moved(place, { afterChain, counts: next }), record: null, findings, late: [] };
  const nowMs = clock.nowMs();
  const record: SweepRecord = {
    share: place.share,
    shares: sweepShares,
    ...next,
    from: new Date(place.fromMs).toISOString(),
    to: new Date(nowMs).toISOString(),
  };
  return { place: nextShare(place, nowMs), record, findings, late: [] };
};

const tell = (log: Log, { record, findings, late }: Step): void => {
  for (const { kind, name } of findings.slice(0, namedMax))
    log('error', 'the sweep found a contradiction', { kind, chain: name });
  for (const chain of late.slice(0, namedMax)) log('warn', 'no checkpoint was owed to an unsigned head', { chain });
  if (findings.length > namedMax) log('error', 'the sweep found more contradictions', { more: findings.length - namedMax });
  if (record !== null) log('info', 'share swept', { ...record });
};

/**
 * By the shares' last sweeps that checkpoints record. Before the first checkpoint, by their last sweeps: where nothing was ever paid,
 * nothing is signed.
 */
const ageMs = async ({ table, clock }: SweepDependencies, { firstAtMs }: Place): Promise<number> => {
  const swept = await readSweptShares(table);
  const isSigning = swept.some(({ signed }) => signed !== null);
  const known = swept.flatMap(({ record, signed }) => {
    const from = signed?.from ?? (isSigning ? null : record.from);
    return from === null ? [] : [Date.parse(from)];
  });
  const oldestMs = known.length < sweepShares ? Math.min(firstAtMs, ...known) : Math.min(...known);
  return Math.max(0, clock.nowMs() - oldestMs);
};
