import { describe, expect, test } from 'vitest';
import { renderDecision } from '../../../shared/contract/render.ts';
import { canonicalBody } from '../../../shared/domain/audit.ts';
import type { EntityReading } from '../../../shared/domain/entities.ts';
import type { Policy } from '../../../shared/domain/policy.ts';
import { auditFromItem, auditItem, decisionFromItem, decisionItem } from '../../../shared/ledger/items.ts';
import { canonicalText } from '../../../shared/proof/canonical.ts';
import { hashOf } from '../../../shared/secrets/sealer.ts';
import { figuresOf } from '../entities/figures.ts';
import { barePolicy } from '../policy/fixtures.ts';
import { DrivenAccount } from './driven.ts';

const device: EntityReading = { kind: 'device', figures: figuresOf({ accounts24h: 5, frauds: 2 }), cause: null };
const email: EntityReading = { kind: 'email', figures: figuresOf({ amount24hMinor: null, saturated: true }), cause: null };
const lost: EntityReading = { kind: 'ip', figures: null, cause: 'STORE_UNAVAILABLE' };
const untracked: EntityReading = { kind: 'instrument', figures: null, cause: 'NOT_TRACKED' };

const off = { threshold: 1e15, points: 0 };
const quiet = Object.fromEntries(Object.keys(barePolicy.signals).map((name) => [name, off])) as unknown as Policy['signals'];

const decided = (entities: readonly EntityReading[], policy: Partial<Policy> = {}) =>
  new DrivenAccount({ signals: quiet, ...policy }).pay({}, { entities });

describe('a decision on entities', () => {
  test('holds their figures, and so does its entry, which hashes to its hash', () => {
    const { decision, entry } = decided([device, email, untracked]);
    const wanted = { device: device.figures, email: email.figures, instrument: null };
    expect(decision.entities).toEqual(wanted);
    expect(entry.body.entities).toEqual(wanted);
    expect(canonicalBody(entry.body)).toBe(canonicalText(entry.body));
    expect(hashOf(entry.body)).toBe(entry.hash);
  });

  test('reads back from its rows, and is told to the caller as it was', () => {
    const { decision, entry } = decided([device, email, untracked]);
    const stored = { tenant: 'dev', correlationId: null, chain: 'c'.repeat(22), queueAgeMs: null, erased: false, decision };
    const item = decisionItem(stored);
    expect(item.d).toMatchObject({ 0: 3 });
    expect(decisionFromItem(item)).toEqual(stored);
    expect(auditFromItem(auditItem(entry, decision))).toEqual(entry);
    const [first, again] = [decision, decisionFromItem(item).decision].map((one) =>
      JSON.stringify(renderDecision(one, barePolicy, { duplicate: false })),
    );
    expect(again).toBe(first);
    expect(renderDecision(decision, barePolicy, { duplicate: false }).entities).toEqual(decision.entities);
  });

  test('without any says nothing of them, in no row and no answer', () => {
    const { decision, entry } = decided([]);
    expect(decision.entities).toBeNull();
    expect(entry.body).not.toHaveProperty('entities');
    expect(renderDecision(decision, barePolicy, { duplicate: false })).not.toHaveProperty('entities');
    expect(canonicalBody(entry.body)).toBe(canonicalText(entry.body));
  });

  test('triggers their signals by the thresholds of the policy', () => {
    const signals = { ...quiet, DEVICE_ACCOUNTS_24H: { threshold: 5, points: 45 }, LINKED_FRAUD: { threshold: 3, points: 50 } };
    const { decision, named } = decided([device], { signals });
    expect(named).toMatchObject({ DEVICE_ACCOUNTS_24H: 5, LINKED_FRAUD: 2, IP_ACCOUNTS_1H: 0 });
    expect(decision).toMatchObject({
      outcome: 'REVIEW',
      reasons: [{ signal: 'DEVICE_ACCOUNTS_24H', value: 5, threshold: 5, points: 45 }],
    });
  });

  test('under a policy of 0.1 triggers none of them', () => {
    const signals = Object.fromEntries(Object.entries(quiet).slice(0, 9)) as Policy['signals'];
    const { decision, named } = decided([device], { signals });
    expect(named.DEVICE_ACCOUNTS_24H).toBe(5);
    expect(decision).toMatchObject({ outcome: 'ALLOW', reasons: [], triggered: 0 });
  });

  test('names what cannot be reached, with the signals that miss it, and calls failTo once', () => {
    const { decision, named } = decided([device, lost]);
    expect(named).toMatchObject({ DEVICE_ACCOUNTS_24H: 5, IP_ACCOUNTS_1H: null, LINKED_FRAUD: null });
    expect(decision.degraded).toEqual([
      { part: 'ANOMALY', cause: 'NO_MODEL' },
      { part: 'IP_ACCOUNTS_1H', cause: 'STORE_UNAVAILABLE' },
      { part: 'LINKED_FRAUD', cause: 'STORE_UNAVAILABLE' },
      { part: 'ENTITY:ip', cause: 'STORE_UNAVAILABLE' },
    ]);
    expect(decision).toMatchObject({ outcome: 'REVIEW', score: 0 });
  });

  test.each(['NOT_TRACKED', 'WARMING_UP', 'LATE'] as const)('without figures for %s does not call failTo', (cause) => {
    const { decision } = decided([{ kind: 'device', figures: null, cause }]);
    expect(decision.degraded).toContainEqual({ part: 'ENTITY:device', cause });
    expect(decision.outcome).toBe('ALLOW');
  });

  test.each([
    ['device.accounts24h >= 5', true],
    ['device.late || device.saturated', false],
    ['entity.email.saturated', true],
    ['has(entity.email.amount24hMinor)', false],
    ['has(ip.accounts1h) && ip.accounts1h > 0', false],
    ['has(instrument.frauds)', false],
    ['has(entity.phone.frauds)', false],
    ['ip.accounts1h > 0', 'fails'],
  ])('is read by rules: %s', (when, wanted) => {
    const entities = ['device', 'ip', { kind: 'email', metadata: 'e' }, { kind: 'phone', metadata: 'p' }] as const;
    const rules = [{ id: 'r', when, text: 'r', points: 41 }];
    const { decision } = decided([device, email, untracked], { entities, rules });
    if (wanted === 'fails') expect(decision.degraded).toContainEqual({ part: 'RULE:r', cause: 'RULE_FAILED' });
    else expect(decision.reasons.some(({ signal }) => signal === 'RULE:r')).toBe(wanted);
  });
});
