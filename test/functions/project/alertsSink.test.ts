import { describe, expect, it } from 'vitest';
import { placeOf } from '../../../console/src/router.ts';
import { alertsSink } from '../../../functions/project/alertsSink.ts';
import type { CommittedDecision } from '../../../functions/project/project.ts';
import { memoryTable } from '../../../shared/adapters/memory/table.ts';
import { perMinuteMax, quietMs } from '../../../shared/alerts/gate.ts';
import type { Policy } from '../../../shared/domain/policy.ts';
import { type TableStore, Unavailable } from '../../../shared/ports/ports.ts';
import { aDecision, aPolicy } from './builders.ts';

const reasons = [{ signal: 'RAPID_BURST_1M', value: 9, threshold: 5, points: 75, usual: null }];

/** A sink over a fresh table; `sent` is what its topics were given. */
const world = (policy: Partial<Policy> = {}, table: TableStore = memoryTable()) => {
  const sent: { kind: string; subject: string; text: string }[] = [];
  const state = { nowMs: Date.parse('2026-11-20T09:00:00.000Z'), broken: false };
  const topic = (kind: string) => ({
    publish: async (subject: string, text: string) => {
      if (state.broken) throw new Error('the topic is away');
      sent.push({ kind, subject, text });
    },
  });
  const sink = alertsSink({
    table,
    clock: { nowMs: () => state.nowMs, sleep: async () => undefined },
    topics: { decision: topic('decision'), degraded: topic('degraded') },
    policyOf: async () => aPolicy(policy),
    consoleUrl: 'https://aegis.example/v1/console',
  });
  return { sink, sent, state };
};

const committed = (transactionId: string, accountId: string, more: Parameters<typeof aDecision>[0] = {}): CommittedDecision => ({
  position: 0,
  tenant: 'dev',
  decision: aDecision({ outcome: 'BLOCK', score: 75, reasons, ...more, transaction: { transactionId, accountId } }),
  queueAgeMs: null,
  correlationId: `c-${transactionId}`,
});
const told = (decisions: readonly CommittedDecision[]) => ({ decisions, entries: [] });

describe('alerts', () => {
  it('tell of a BLOCK with its reasons and a link to the console', async () => {
    const { sink, sent } = world();
    expect(await sink.project(told([committed('t1', 'a1')]))).toEqual([]);
    expect(sent).toHaveLength(1);
    expect(sent[0]!.subject).toBe('Aegis: BLOCK on account a1, score 75');
    expect(sent[0]!.text).toContain('75 points: 9 payments within 60 seconds');
    expect(sent[0]!.text).toContain(' Correlation id c-t1.');
    const link = new URL(/https:\S+/.exec(sent[0]!.text)![0]);
    expect(link.href).toBe('https://aegis.example/v1/console#/decision/t1');
    expect(placeOf(link.hash)).toMatchObject({ page: 'decision', id: 't1' });
  });

  it('come once, however often the record comes', async () => {
    const { sink, sent } = world();
    for (let i = 0; i < 3; i++) await sink.project(told([committed('t1', 'a1')]));
    expect(sent).toHaveLength(1);
  });

  it('tell of an account once within the quiet time, and again after it', async () => {
    const { sink, sent, state } = world();
    await sink.project(told([committed('t1', 'a1'), committed('t2', 'a1'), committed('t3', 'a2')]));
    expect(sent.map(({ subject }) => subject)).toEqual([
      'Aegis: BLOCK on account a1, score 75',
      'Aegis: BLOCK on account a2, score 75',
    ]);
    state.nowMs += quietMs.decision - 1;
    await sink.project(told([committed('t4', 'a1')]));
    expect(sent).toHaveLength(2);
    state.nowMs += 1;
    await sink.project(told([committed('t5', 'a1')]));
    expect(sent).toHaveLength(3);
  });

  it('are held back above the number of a minute', async () => {
    const { sink, sent, state } = world();
    const many = Array.from({ length: perMinuteMax + 5 }, (_, i) => committed(`t${i}`, `a${i}`));
    await sink.project(told(many));
    expect(sent).toHaveLength(perMinuteMax);
    state.nowMs += 60_000;
    await sink.project(told([committed('later', 'later')]));
    expect(sent).toHaveLength(perMinuteMax + 1);
  });

  it('are not lost to a topic that is away: the record comes again and is told then', async () => {
    const { sink, sent, state } = world();
    state.broken = true;
    expect(await sink.project(told([committed('t1', 'a1')]))).toMatchObject([{ position: 0 }]);
    state.broken = false;
    expect(await sink.project(told([committed('t1', 'a1')]))).toEqual([]);
    expect(sent).toHaveLength(1);
  });

  it('do not wait for a table that is away decision by decision: all of them come again', async () => {
    let reads = 0;
    const away: TableStore = {
      ...memoryTable(),
      get: async () => {
        reads++;
        throw new Unavailable('the table did not answer a read');
      },
    };
    const decisions = ['a1', 'a2', 'a3'].map((id, position) => ({ ...committed(id, id), position }));
    expect((await world({}, away).sink.project(told(decisions))).map(({ position }) => position)).toEqual([0, 1, 2]);
    expect(reads).toBe(1);
  });

  it.each([
    ['a BLOCK by default', {}, { outcome: 'BLOCK' as const }, ['decision']],
    ['no BLOCK where switched off', { blocks: false }, { outcome: 'BLOCK' as const }, []],
    ['no REVIEW by default', {}, { outcome: 'REVIEW' as const, score: 60 }, []],
    ['a REVIEW at the chosen score', { reviewsFrom: 60 }, { outcome: 'REVIEW' as const, score: 60 }, ['decision']],
    ['no REVIEW below it', { reviewsFrom: 60 }, { outcome: 'REVIEW' as const, score: 59.99 }, []],
    ['no ALLOW', { reviewsFrom: 0 }, { outcome: 'ALLOW' as const, score: 0 }, []],
    [
      'a part that is missing',
      {},
      { outcome: 'ALLOW' as const, degraded: [{ part: 'ANOMALY' as const, cause: 'MODEL_INVALID' as const }] },
      ['degraded'],
    ],
    [
      'no missing part where switched off',
      { degraded: false },
      { outcome: 'ALLOW' as const, degraded: [{ part: 'ANOMALY' as const, cause: 'MODEL_INVALID' as const }] },
      [],
    ],
    [
      'no part missing for the lack of a first model',
      {},
      { outcome: 'ALLOW' as const, degraded: [{ part: 'ANOMALY' as const, cause: 'NO_MODEL' as const }] },
      [],
    ],
    [
      'no kind of entity that the policy does not track',
      {},
      { outcome: 'ALLOW' as const, degraded: [{ part: 'ENTITY:device', cause: 'NOT_TRACKED' as const }] },
      [],
    ],
    [
      'no kind of entity that is not counted for long',
      {},
      { outcome: 'ALLOW' as const, degraded: [{ part: 'ENTITY:device', cause: 'WARMING_UP' as const }] },
      [],
    ],
  ])('tell of %s', async (_, choice, decision, kinds) => {
    const { sink, sent } = world({ alerts: { blocks: true, reviewsFrom: null, degraded: true, ...choice } });
    await sink.project(told([committed('t1', 'a1', decision)]));
    expect(sent.map(({ kind }) => kind)).toEqual(kinds);
  });
});
