import { describe, expect, it } from 'vitest';
import type { Prices } from '../../../infra/prices.ts';
import { billedMs, billOf, type Load } from '../../../tools/cost/bill.ts';
import type { Metered } from '../../../tools/cost/meter.ts';

/** Round prices, so that the expected figures can be told by hand. */
const prices: Prices = {
  region: 'test',
  date: '2026-11',
  source: 'made up',
  writeUnitsPerMillion: 0.5,
  readUnitsPerMillion: 0.1,
  apiCallsPerMillion: 4,
  queueCallsPerMillion: 0.4,
  functionCallsPerMillion: 0.2,
  functionGbSecond: 0.00001,
  logsPerGb: 0.5,
  objectPutsPerMillion: 5,
  objectGetsPerMillion: 0.4,
  keyCallsPerMillion: 3,
  notificationsPerMillion: 0.5,
};
const used = (given: Partial<Metered>): Metered => ({
  stage: 'score',
  cpuMs: 0,
  waitMs: 0,
  readUnits: 0,
  writeUnits: 0,
  calls: {},
  logBytes: 0,
  ...given,
});
const bill = (load: Partial<Load>) =>
  billOf(
    {
      decisions: 10,
      apiCalls: 0,
      producerSends: 0,
      invocations: [],
      memoryMb: { score: 1_024 },
      queueStages: new Set(['score']),
      ...load,
    },
    prices,
  );
const lineOf = (name: string, load: Partial<Load>): number => bill(load).lines.find((line) => line.name === name)!.perMillionUsd;

describe('a bill', () => {
  it.each<[string, string, Partial<Load>, number]>([
    ['an API call for ten decisions is a tenth of a call each', 'API Gateway', { apiCalls: 1 }, 0.4],
    ['six write units for one of ten decisions', 'DynamoDB writes, decision', { invocations: [used({ writeUnits: 60 })] }, 3],
    ['a batch of the queue is a receive and a delete', 'SQS', { invocations: [used({})] }, 0.08],
    ['a send counts beside them', 'SQS', { producerSends: 1, invocations: [used({})] }, 0.12],
    ['2,500 bytes of log for ten decisions', 'CloudWatch logs', { invocations: [used({ logBytes: 2_500 })] }, 0.125],
    ['one object for ten decisions', 'S3 puts', { invocations: [used({ calls: { PutObject: 1 } })] }, 0.5],
    ['a second of waiting at 1 GB for ten decisions', 'Lambda time', { invocations: [used({ waitMs: 1_000 })] }, 1],
  ])('counts: %s', (_, name, load, expected) => {
    expect(lineOf(name, load)).toBeCloseTo(expected, 10);
  });

  it('adds up to its lines', () => {
    const { lines, totalUsd } = bill({
      apiCalls: 3,
      invocations: [used({ writeUnits: 7, readUnits: 2, waitMs: 5, logBytes: 99 })],
    });
    expect(totalUsd).toBeCloseTo(
      lines.reduce((sum, line) => sum + line.perMillionUsd, 0),
      12,
    );
  });

  it('takes computing longer on a share of a core, never shorter on more than one, and rounds up to whole milliseconds', () => {
    expect(billedMs({ cpuMs: 10, waitMs: 0 }, 1_769)).toBe(10);
    expect(billedMs({ cpuMs: 10, waitMs: 3 }, 884.5)).toBe(23);
    expect(billedMs({ cpuMs: 10, waitMs: 0 }, 3_538)).toBe(10);
    expect(billedMs({ cpuMs: 0.1, waitMs: 0 }, 1_769)).toBe(1);
  });

  it('refuses a stage whose memory is not known', () => {
    expect(() => bill({ invocations: [used({ stage: 'unknown' })] })).toThrow(/unknown/);
  });
});
