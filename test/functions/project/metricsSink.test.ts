import { describe, expect, it } from 'vitest';
import { metricsSink } from '../../../functions/project/metricsSink.ts';
import { metricsLine } from '../../../shared/edge/metrics.ts';
import { aDecision } from './builders.ts';

const nowMs = Date.parse('2026-11-20T09:00:00.000Z');
const committed = (given: Parameters<typeof aDecision>[0]) => ({
  position: 0,
  tenant: 'dev',
  decision: aDecision(given),
  queueAgeMs: null,
});

describe('metrics of a batch', () => {
  it('are one line that CloudWatch reads', async () => {
    const lines: string[] = [];
    const sink = metricsSink({ clock: { nowMs: () => nowMs, sleep: async () => undefined }, write: (line) => lines.push(line) });
    const decisions = [
      committed({ outcome: 'BLOCK', score: 80 }),
      committed({ outcome: 'ALLOW', late: true }),
      committed({ outcome: 'ALLOW', degraded: [{ part: 'MODEL', cause: 'MODEL_INVALID' }] }),
      committed({ outcome: 'ALLOW', degraded: [{ part: 'ANOMALY', cause: 'NO_MODEL' }] }),
    ];
    expect(await sink.project({ decisions, entries: [] })).toEqual([]);
    expect(lines).toHaveLength(1);
    const line = JSON.parse(lines[0]!);
    expect(line).toMatchObject({ Allowed: 3, Blocked: 1, Degraded: 1, Late: 1, Latency: [40, 40, 40, 40] });
    const [{ Metrics }] = line._aws.CloudWatchMetrics;
    for (const { Name } of Metrics) expect(line).toHaveProperty(Name);
    expect(line._aws.Timestamp).toBe(nowMs);
  });

  it('are nothing for a batch without decisions', async () => {
    const lines: string[] = [];
    const sink = metricsSink({ clock: { nowMs: () => nowMs, sleep: async () => undefined }, write: (line) => lines.push(line) });
    await sink.project({ decisions: [], entries: [] });
    expect(lines).toEqual([]);
  });

  it('hold at most the hundred values that the format allows', () => {
    const line = JSON.parse(
      metricsLine({ Latency: { unit: 'Milliseconds', value: Array.from({ length: 333 }, (_, i) => i) } }, nowMs),
    );
    expect(line.Latency.length).toBeLessThanOrEqual(100);
    expect(line.Latency[0]).toBe(0);
  });
});
