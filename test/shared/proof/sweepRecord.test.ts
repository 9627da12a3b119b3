import { describe, expect, it } from 'vitest';
import { asCheckpoint } from '../../../shared/proof/checkpoint.ts';
import { isSweepRecord, type SweepRecord, sweepCoverage } from '../../../shared/proof/sweepRecord.ts';
import { nextCheckpoint, p256Signer } from '../../tools/proof/builders.ts';

const dayMs = 86_400_000;
const nowMs = Date.parse('2026-05-01T00:00:00Z');

/** A share swept within the minute before `endedMs`. */
const swept = (share: number, endedMs: number, others: Partial<SweepRecord> = {}): SweepRecord => ({
  share,
  shares: 4,
  chains: 10,
  entries: 30,
  states: 9,
  signed: 11,
  findings: 0,
  from: new Date(endedMs - 60_000).toISOString(),
  to: new Date(endedMs).toISOString(),
  ...others,
});

describe('what checkpoints say of the sweep', () => {
  it.each<[string, readonly SweepRecord[], { shares: number; covered: number[]; uncovered: number[] }]>([
    ['nothing without a record', [], { shares: 0, covered: [], uncovered: [] }],
    [
      'a share is covered for 7 days from the beginning of its sweep',
      [swept(0, nowMs), swept(1, nowMs - 6 * dayMs), swept(2, nowMs - 7 * dayMs + 60_000), swept(3, nowMs - 7 * dayMs)],
      { shares: 4, covered: [0, 1, 2], uncovered: [3] },
    ],
    [
      'a record of the future covers nothing',
      [swept(0, nowMs), swept(1, nowMs + 1)],
      { shares: 4, covered: [0], uncovered: [1, 2, 3] },
    ],
    [
      'records of another number of shares count for nothing',
      [swept(0, nowMs - dayMs), swept(1, nowMs, { shares: 2 })],
      { shares: 2, covered: [1], uncovered: [0] },
    ],
  ])('%s', (_, sweeps, { shares, covered, uncovered }) => {
    const coverage = sweepCoverage([{ sweeps }], nowMs);
    expect(coverage).toMatchObject({ shares, uncovered });
    expect(coverage.covered.map(({ share }) => share)).toEqual(covered);
  });
  it('the newest record of a share is given, in whatever order the checkpoints come', () => {
    const [old, young] = [swept(2, nowMs - dayMs), swept(2, nowMs, { findings: 3 })];
    for (const sweeps of [
      [old, young],
      [young, old],
    ])
      expect(sweepCoverage([{}, ...sweeps.map((one) => ({ sweeps: [one] }))], nowMs).covered).toEqual([young]);
  });
});

describe('a record of the sweep', () => {
  it.each<[string, unknown]>([
    ['is no text', 'share 1'],
    ['has every figure', { ...swept(0, nowMs), states: undefined }],
    ['has no other field', { ...swept(0, nowMs), user: 'u' }],
    ['names a share that there is', swept(4, nowMs)],
    ['counts in whole numbers from 0', swept(0, nowMs, { findings: -1 })],
    ['has times', swept(0, nowMs, { from: 'yesterday' })],
    ['ends after it began', swept(0, nowMs, { to: new Date(0).toISOString() })],
  ])('%s', (_, value) => {
    expect(isSweepRecord(swept(3, nowMs))).toBe(true);
    expect(isSweepRecord(value)).toBe(false);
  });
  it('belongs to format 2 of a checkpoint, which has the list always, and to no checkpoint of format 1', async () => {
    const leaves = [{ chain: 'a', sequence: 1, head: '0'.repeat(64) }];
    const { body, signature } = await nextCheckpoint(null, leaves, p256Signer());
    expect(body).toMatchObject({ format: 'aegis-checkpoint/2', sweeps: [] });
    const sweeps = [swept(0, nowMs)];
    const { sweeps: _, ...rest } = body;
    const of = (format: string, others: object) => asCheckpoint({ body: { ...rest, format, ...others }, signature });
    expect(of('aegis-checkpoint/2', { sweeps })).not.toBeNull();
    expect(of('aegis-checkpoint/1', {})).not.toBeNull();
    expect(of('aegis-checkpoint/2', {})).toBeNull();
    expect(of('aegis-checkpoint/2', { sweeps: [{}] })).toBeNull();
    expect(of('aegis-checkpoint/1', { sweeps })).toBeNull();
    expect(of('aegis-checkpoint/3', { sweeps })).toBeNull();
  });
});
