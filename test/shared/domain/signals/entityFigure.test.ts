import { describe, expect, test } from 'vitest';
import type { Cause } from '../../../../shared/domain/decision.ts';
import type { EntityReading } from '../../../../shared/domain/entities.ts';
import { entityFigure, linkedFraud } from '../../../../shared/domain/signals/entityFigure.ts';
import { figuresOf } from '../../entities/figures.ts';
import { signalInput } from './input.ts';

const read = (kind: string, change: Parameters<typeof figuresOf>[0] = {}): EntityReading => ({
  kind,
  figures: figuresOf(change),
  cause: null,
});
const without = (kind: string, cause: Cause): EntityReading => ({ kind, figures: null, cause });

describe('a figure of an entity', () => {
  const accountsOnDevice = entityFigure('device', 'accounts24h');

  test('is that of the kind, and nothing is usual for it', () => {
    const entities = [read('ip', { accounts24h: 9 }), read('device', { accounts24h: 4, accounts1h: 2 })];
    expect(accountsOnDevice(signalInput({ entities }))).toEqual({ value: 4, usual: null });
    expect(entityFigure('device', 'accounts1h')(signalInput({ entities })).value).toBe(2);
  });

  test('is 0 when the payment names no such entity', () => {
    expect(accountsOnDevice(signalInput({ entities: [read('ip')] })).value).toBe(0);
  });

  test.each(['NOT_TRACKED', 'WARMING_UP', 'LATE', 'STORE_UNAVAILABLE'] as const)('is unknown for the cause %s', (cause) => {
    expect(accountsOnDevice(signalInput({ entities: [without('device', cause)] }))).toEqual({ value: null, usual: null, cause });
  });
});

describe('linked fraud', () => {
  test.each<[string, EntityReading[], number | null, Cause | undefined]>([
    [
      'is the most of all entities, own kinds included',
      [read('device', { frauds: 1 }), read('email', { frauds: 3 })],
      3,
      undefined,
    ],
    ['is 0 without entities', [], 0, undefined],
    [
      'is unknown when one cannot be reached',
      [read('device', { frauds: 1 }), without('ip', 'STORE_UNAVAILABLE')],
      null,
      'STORE_UNAVAILABLE',
    ],
    [
      'is what the others say when a kind is not tracked',
      [without('ip', 'NOT_TRACKED'), read('device', { frauds: 1 })],
      1,
      undefined,
    ],
    ['is unknown when none is computed', [without('ip', 'NOT_TRACKED'), without('device', 'WARMING_UP')], null, 'NOT_TRACKED'],
  ])('%s', (_, entities, value, cause) => {
    expect(linkedFraud(signalInput({ entities }))).toMatchObject({ value, ...(cause !== undefined && { cause }) });
  });
});
