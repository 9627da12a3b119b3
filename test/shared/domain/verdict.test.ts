import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Degradation } from '../../../shared/domain/decision.ts';
import { type Outcome, outcomes } from '../../../shared/domain/outcome.ts';
import type { List, Policy, Rule } from '../../../shared/domain/policy.ts';
import { signalNames } from '../../../shared/domain/signals/names.ts';
import { latestMs, type Verdict, type VerdictInput, verdict } from '../../../shared/domain/verdict.ts';
import { compilePolicy } from '../../../shared/policy/compile.ts';
import { barePolicy, factsWith, signalValues } from '../policy/fixtures.ts';

type Given = {
  policy?: Partial<Policy>;
  signals?: Parameters<typeof signalValues>[0];
  lists?: Record<string, boolean>;
  degraded?: Degradation[];
  lateMs?: number;
  learned?: VerdictInput['learned'];
};

const inputOf = (given: Given): VerdictInput => {
  const policy = { ...barePolicy, ...given.policy };
  return {
    policy: compilePolicy(policy, 3),
    facts: factsWith({ policy, ...(given.signals && { signals: given.signals }), ...(given.lists && { lists: given.lists }) }),
    signals: signalValues(given.signals),
    usual: signalNames.map(() => null),
    degraded: given.degraded ?? [],
    lateMs: given.lateMs ?? 0,
    ...(given.learned !== undefined && { learned: given.learned }),
  };
};

const decide = (given: Given): Verdict => verdict(inputOf(given));

const withPoints = (points: number): Policy['signals'] => ({
  ...barePolicy.signals,
  TXN_VELOCITY_1H: { threshold: 5, points },
});

const rule = (id: string, when: string, effect: { points: number } | { outcome: Outcome }): Rule => ({
  id,
  when,
  text: id,
  ...effect,
});

const list = (kind: 'allow' | 'block', outcome: Outcome, overrides = false): List => ({
  kind,
  field: 'accountId',
  outcome,
  overrides,
  text: kind,
});

describe('a signal', () => {
  it.each([
    ['below its threshold gives nothing', 4.9999, []],
    ['at its threshold gives its points', 5, [{ signal: 'TXN_VELOCITY_1H', value: 5, threshold: 5, points: 12.5, usual: null }]],
    [
      'above its threshold gives its points',
      6,
      [{ signal: 'TXN_VELOCITY_1H', value: 6, threshold: 5, points: 12.5, usual: null }],
    ],
    ['that could not be computed gives nothing', null, []],
  ])('%s', (_sentence, value, reasons) => {
    const result = decide({ policy: { signals: withPoints(12.5) }, signals: { TXN_VELOCITY_1H: value } });
    expect(result.reasons).toEqual(reasons);
    expect(result.triggered).toBe(reasons.length > 0 ? 0b10 : 0);
    expect(result.score).toBe(reasons.length > 0 ? 12.5 : 0);
  });

  it('that could not be computed does not trigger at a threshold of zero or below', () => {
    const signals = { ...barePolicy.signals, AMOUNT_ANOMALY: { threshold: -1, points: 50 } };
    expect(decide({ policy: { signals }, signals: { AMOUNT_ANOMALY: null } }).triggered).toBe(0);
  });

  it('tells what is usual for the account', () => {
    const usual = signalNames.map((_, position) => position);
    const result = verdict({ ...inputOf({ signals: { RAPID_BURST_1M: 9 } }), usual });
    expect(result.reasons).toMatchObject([{ signal: 'RAPID_BURST_1M', usual: 2 }]);
  });
});

describe('the cut-offs', () => {
  it.each([
    [39.99, 'ALLOW'],
    [40, 'REVIEW'],
    [69.99, 'REVIEW'],
    [70, 'BLOCK'],
  ])('make %d points %s', (points, outcome) => {
    expect(decide({ policy: { signals: withPoints(points) }, signals: { TXN_VELOCITY_1H: 5 } }).outcome).toBe(outcome);
  });

  it('are met by tenths that floating point would miss', () => {
    const rules = Array.from({ length: 3 }, (_, i) => rule(`r${i}`, 'true', { points: 0.1 }));
    const result = decide({ policy: { rules, cutoffs: { review: 0.3, block: 70 } } });
    expect(result).toMatchObject({ score: 0.3, outcome: 'REVIEW' });
  });

  it.each([
    [150, 100],
    [-20, 0],
  ])('see %d points clipped to %d', (points, score) => {
    expect(decide({ policy: { signals: withPoints(points) }, signals: { TXN_VELOCITY_1H: 5 } }).score).toBe(score);
  });
});

describe('rules and lists', () => {
  const rules = [
    rule('review', 'txn.amountMinor > 0', { outcome: 'REVIEW' }),
    rule('block', 'lists.trigger', { outcome: 'BLOCK' }),
  ];
  const lists = { trigger: list('block', 'REVIEW'), trusted: list('allow', 'ALLOW'), exempt: list('allow', 'ALLOW', true) };

  it.each<[string, Given, Outcome, string[]]>([
    ['a rule with an outcome wins over a lower score', { policy: { rules } }, 'REVIEW', ['RULE:review']],
    [
      'a rule with an outcome wins over a higher score',
      { policy: { rules, signals: withPoints(100) }, signals: { TXN_VELOCITY_1H: 5 } },
      'REVIEW',
      ['TXN_VELOCITY_1H', 'RULE:review'],
    ],
    [
      'among several the gravest wins',
      { policy: { rules }, lists: { trigger: true } },
      'BLOCK',
      ['RULE:review', 'RULE:block', 'LIST:trigger'],
    ],
    [
      'an allow list alone wins over the score',
      { policy: { signals: withPoints(100) }, signals: { TXN_VELOCITY_1H: 5 }, lists: { trusted: true } },
      'ALLOW',
      ['TXN_VELOCITY_1H', 'LIST:trusted'],
    ],
    [
      'an allow list without overrides yields to a rule',
      { policy: { rules }, lists: { trusted: true } },
      'REVIEW',
      ['RULE:review', 'LIST:trusted'],
    ],
    [
      'an allow list with overrides excepts from rules and block lists',
      { policy: { rules }, lists: { exempt: true, trigger: true } },
      'ALLOW',
      ['RULE:review', 'RULE:block', 'LIST:trigger', 'LIST:exempt'],
    ],
  ])('%s', (_sentence, given, outcome, signals) => {
    const result = decide({ ...given, policy: { lists, ...given.policy } });
    expect(result.outcome).toBe(outcome);
    expect(result.reasons.map((reason) => reason.signal)).toEqual(signals);
  });

  it('a block list never excepts, whatever it says', () => {
    const odd = { odd: list('block', 'BLOCK', true) };
    expect(decide({ policy: { lists: odd }, lists: { odd: true } }).outcome).toBe('BLOCK');
  });

  it('a hit has no threshold and no points, and a rule its own points', () => {
    const result = decide({ policy: { lists, rules: [rule('r', 'true', { points: 7.25 })] }, lists: { trigger: true } });
    expect(result.reasons).toEqual([
      { signal: 'RULE:r', value: 1, threshold: null, points: 7.25, usual: null },
      { signal: 'LIST:trigger', value: 1, threshold: null, points: 0, usual: null },
    ]);
    expect(result.score).toBe(7.25);
  });

  it('a rule that fails is named in degraded, gives nothing and calls failTo', () => {
    const failing = rule('needs-speed', 'signals.IMPOSSIBLE_TRAVEL < 1.0', { points: 10 });
    const result = decide({ policy: { rules: [failing] }, signals: { IMPOSSIBLE_TRAVEL: null } });
    expect(result.degraded).toEqual([{ part: 'RULE:needs-speed', cause: 'RULE_FAILED' }]);
    expect(result).toMatchObject({ outcome: 'REVIEW', score: 0, reasons: [] });
  });

  it('signals give what the weight of the learned layer leaves them, rules count in full, and the reasons add up', () => {
    const learned = { signal: 'MODEL', value: 60, threshold: null, points: 45, usual: 0 };
    const policy = { learnedWeight: 0.75, signals: withPoints(12.5), rules: [rule('all', 'true', { points: 3 })] };
    const given = { policy, signals: { TXN_VELOCITY_1H: 6 } };
    const { reasons, score } = decide({ ...given, learned });
    expect(reasons.map(({ signal, points }) => [signal, points])).toEqual([
      ['TXN_VELOCITY_1H', 3.13],
      ['MODEL', 45],
      ['RULE:all', 3],
    ]);
    expect(score).toBe(51.13);
    expect(decide(given)).toMatchObject({ score: 15.5, triggered: 0b10 });
  });

  it('a signal without weight is still triggered and a reason, with no points', () => {
    const learned = { signal: 'MODEL', value: 41, threshold: null, points: 41, usual: 0 };
    const policy = { learnedWeight: 1, signals: withPoints(-12.5) };
    const result = decide({ policy, signals: { TXN_VELOCITY_1H: 6 }, learned });
    expect(result.triggered).toBe(0b10);
    expect(result.reasons).toEqual([{ signal: 'TXN_VELOCITY_1H', value: 6, threshold: 5, points: 0, usual: null }, learned]);
  });

  it("the learned layer's points count like any", () => {
    const learned = { signal: 'MODEL', value: 0.9, threshold: null, points: 41, usual: null };
    expect(decide({ learned })).toMatchObject({ outcome: 'REVIEW', score: 41, reasons: [learned] });
  });
});

describe('a missing part', () => {
  it.each<[Degradation['cause'], string[] | null, Outcome]>([
    ['NO_RATE', null, 'REVIEW'],
    ['MODEL_INVALID', null, 'REVIEW'],
    ['STORE_UNAVAILABLE', null, 'REVIEW'],
    ['RULE_FAILED', null, 'REVIEW'],
    ['LATE', null, 'ALLOW'],
    ['NO_MODEL', null, 'ALLOW'],
    ['NOT_AVAILABLE', null, 'ALLOW'],
    ['NO_MODEL', ['NO_MODEL'], 'REVIEW'],
    ['NO_RATE', ['NO_MODEL'], 'ALLOW'],
    ['NO_RATE', [], 'ALLOW'],
  ])('for %s under failOn %j decides %s', (cause, failOn, outcome) => {
    expect(decide({ policy: { failOn }, degraded: [{ part: 'ANOMALY', cause }] }).outcome).toBe(outcome);
  });

  it('raises even what an allow list excepts', () => {
    const lists = { exempt: list('allow', 'ALLOW', true) };
    const degraded: Degradation[] = [{ part: 'TOTAL_SPEND_24H', cause: 'NO_RATE' }];
    expect(decide({ policy: { lists, failTo: 'BLOCK' }, lists: { exempt: true }, degraded }).outcome).toBe('BLOCK');
  });
});

describe('a late payment', () => {
  it.each([
    [48 * 3_600_000, 'ALLOW'],
    [48 * 3_600_000 + 1, 'REVIEW'],
  ])('%d ms behind is %s', (lateMs, outcome) => {
    expect(decide({ lateMs }).outcome).toBe(outcome);
  });

  it('is never lowered from BLOCK', () => {
    const policy = { signals: withPoints(90) };
    expect(decide({ policy, signals: { TXN_VELOCITY_1H: 5 }, lateMs: latestMs + 1 }).outcome).toBe('BLOCK');
  });
});

describe('any verdict', () => {
  const hundredths = fc.integer({ min: -10_000, max: 10_000 }).map((value) => value / 100);
  const anyGiven = fc.record({
    points: fc.tuple(...signalNames.map(() => hundredths)),
    values: fc.tuple(...signalNames.map(() => fc.option(fc.integer({ min: 0, max: 2 })))),
    rulePoints: fc.array(hundredths, { maxLength: 4 }),
    listHits: fc.record({ b: fc.boolean(), a: fc.boolean(), o: fc.boolean() }),
    failTo: fc.constantFrom(...outcomes),
    cause: fc.option(fc.constantFrom<Degradation['cause']>('LATE', 'NO_RATE', 'NO_MODEL', 'STORE_UNAVAILABLE')),
    lateMs: fc.constantFrom(0, latestMs + 1),
  });
  const build = (given: typeof anyGiven extends fc.Arbitrary<infer T> ? T : never): VerdictInput =>
    inputOf({
      policy: {
        signals: Object.fromEntries(
          signalNames.map((name, i) => [name, { threshold: 1, points: given.points[i] ?? 0 }]),
        ) as Policy['signals'],
        rules: given.rulePoints.map((points, i) => rule(`r${i}`, 'true', { points })),
        lists: { b: list('block', 'BLOCK'), a: list('allow', 'ALLOW'), o: list('allow', 'ALLOW', true) },
        failTo: given.failTo,
      },
      signals: Object.fromEntries(signalNames.map((name, i) => [name, given.values[i] ?? null])),
      lists: given.listHits,
      degraded: given.cause === null ? [] : [{ part: 'MODEL', cause: given.cause }],
      lateMs: given.lateMs,
    });
  const gravity = (outcome: Outcome): number => outcomes.indexOf(outcome);

  it('has reasons whose points add up to the score before clipping', () => {
    fc.assert(
      fc.property(anyGiven, (given) => {
        const { reasons, score } = verdict(build(given));
        const sum = reasons.reduce((total, reason) => total + BigInt(reason.points.toFixed(2).replace('.', '')), 0n);
        const clipped = sum < 0n ? 0n : sum > 10_000n ? 10_000n : sum;
        expect(score.toFixed(2).replace('.', '')).toBe(String(clipped).padStart(3, '0'));
      }),
    );
  });

  it('is never lowered by a missing part or by lateness', () => {
    fc.assert(
      fc.property(anyGiven, (given) => {
        const raised = verdict(build(given));
        const plain = verdict(build({ ...given, cause: null, lateMs: 0 }));
        expect(gravity(raised.outcome)).toBeGreaterThanOrEqual(gravity(plain.outcome));
        expect(raised.score).toBe(plain.score);
      }),
    );
  });

  it('names a signal in its reasons exactly when the bit of its position is set', () => {
    fc.assert(
      fc.property(anyGiven, (given) => {
        const { reasons, triggered } = verdict(build(given));
        const named = new Set(reasons.map((reason) => reason.signal));
        for (const [position, name] of signalNames.entries()) expect(named.has(name)).toBe((triggered & (1 << position)) !== 0);
      }),
    );
  });
});
