import { describe, expect, it } from 'vitest';
import { renderDecision, renderDecisionItem, renderStanding } from '../../../shared/contract/render.ts';
import { signalNames } from '../../../shared/domain/signals/names.ts';
import { aDecision, aPolicy } from '../../functions/project/builders.ts';

const reviewed = aDecision({
  outcome: 'REVIEW',
  score: 45,
  previousOutcome: 'ALLOW',
  reasons: [
    { signal: 'TXN_VELOCITY_1H', value: 14, threshold: 10, points: 45, usual: 2 },
    { signal: 'RULE:r1', value: 1, threshold: null, points: 0, usual: null },
  ],
  signals: [129_900, 14, 1, 0, 0.5, 0, 0, null, null, 0, 0, 0, 0, 0],
  triggered: 0b10,
  triggers24h: [0, 3, ...new Array<number>(12).fill(0)],
  degraded: [{ part: 'MERCHANT_RISK', cause: 'NOT_AVAILABLE' }],
  sequence: 7,
});
const policy = aPolicy({ rules: [{ id: 'r1', when: 'true', text: 'A rule of ours', points: 0 }] });

describe('a decision on the wire', () => {
  it('has every field of the contract and no other', () => {
    expect(renderDecision(reviewed, policy, { duplicate: false })).toEqual({
      transactionId: 'txn_1',
      userId: 'u_42',
      accountId: 'a_7',
      occurredAt: '2026-11-20T13:45:00.000+05:30',
      receivedAt: '2026-11-20T08:15:01.000Z',
      decidedAt: '2026-11-20T08:15:01.040Z',
      outcome: 'REVIEW',
      score: 45,
      transition: 'ALLOW->REVIEW',
      reasons: [
        {
          signal: 'TXN_VELOCITY_1H',
          value: 14,
          threshold: 10,
          points: 45,
          usual: 2,
          text: '14 payments in the last hour; usually 2',
        },
        { signal: 'RULE:r1', value: 1, threshold: null, points: 0, text: 'A rule of ours' },
      ],
      signals: {
        TOTAL_SPEND_24H: { value: 129_900, triggered: false },
        TXN_VELOCITY_1H: { value: 14, triggered: true },
        RAPID_BURST_1M: { value: 1, triggered: false },
        NEW_DEVICE_USED: { value: 0, triggered: false },
        AMOUNT_ANOMALY: { value: 0.5, triggered: false },
        IMPOSSIBLE_TRAVEL: { value: 0, triggered: false },
        UNUSUAL_HOUR: { value: 0, triggered: false },
        MERCHANT_RISK: { value: null, triggered: false },
        ANOMALY: { value: null, triggered: false },
        DEVICE_ACCOUNTS_24H: { value: 0, triggered: false },
        IP_ACCOUNTS_1H: { value: 0, triggered: false },
        BENEFICIARY_PAYERS_24H: { value: 0, triggered: false },
        INSTRUMENT_ACCOUNTS_24H: { value: 0, triggered: false },
        LINKED_FRAUD: { value: 0, triggered: false },
      },
      explanation: 'TXN_VELOCITY_1H: 3 triggers',
      anomaly: null,
      degraded: [{ part: 'MERCHANT_RISK', cause: 'NOT_AVAILABLE' }],
      late: false,
      duplicate: false,
      policyVersion: 1,
      modelVersion: null,
      audit: { sequence: 7, hash: 'ab'.repeat(32) },
    });
  });

  it('names the policy as the part that a failed rule belongs to', () => {
    const failed = aDecision({ degraded: [{ part: 'RULE:r1', cause: 'RULE_FAILED' }] });
    expect(renderDecision(failed, policy, { duplicate: false }).degraded).toEqual([
      { part: 'POLICY', cause: 'RULE_FAILED', rule: 'r1' },
    ]);
  });

  it('lists every signal, even of a decision from before a signal existed', () => {
    const older = aDecision({ signals: [1] });
    const { signals } = renderDecision(older, policy, { duplicate: false });
    expect(Object.keys(signals)).toEqual([...signalNames]);
    expect(signals.ANOMALY).toEqual({ value: null, triggered: false });
  });

  it('says that it is a repeat', () => {
    expect(renderDecision(reviewed, policy, { duplicate: true }).duplicate).toBe(true);
  });

  it('holds nothing personal once erased, and keeps the verdict', () => {
    const erased = renderDecision(reviewed, policy, { duplicate: true, erased: true });
    expect(erased).toMatchObject({
      erased: true,
      duplicate: true,
      userId: null,
      accountId: null,
      occurredAt: null,
      outcome: 'REVIEW',
      score: 45,
    });
    expect(erased.reasons.map((reason) => reason.text)).toEqual([null, null]);
    expect(JSON.stringify(erased)).not.toMatch(/u_42|a_7/);
  });
});

describe('a row of a list', () => {
  it('has the fields of the contract', () => {
    expect(renderDecisionItem(reviewed)).toEqual({
      transactionId: 'txn_1',
      userId: 'u_42',
      accountId: 'a_7',
      occurredAt: '2026-11-20T13:45:00.000+05:30',
      decidedAt: '2026-11-20T08:15:01.040Z',
      amountMinor: 129_900,
      currency: 'INR',
      outcome: 'REVIEW',
      score: 45,
      signals: ['TXN_VELOCITY_1H'],
    });
  });
});

describe('a standing', () => {
  it('has the fields of the contract, its triggers those of its explanation', () => {
    expect(renderStanding(reviewed)).toEqual({
      userId: 'u_42',
      accountId: 'a_7',
      transactionId: 'txn_1',
      outcome: 'REVIEW',
      score: 45,
      decidedAt: '2026-11-20T08:15:01.040Z',
      transition: 'ALLOW->REVIEW',
      triggers: { TXN_VELOCITY_1H: 3 },
      explanation: 'TXN_VELOCITY_1H: 3 triggers',
    });
  });
});
