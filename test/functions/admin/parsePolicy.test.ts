import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type PolicyFault, parsePolicy } from '../../../functions/admin/parsePolicy.ts';
import { compilePolicy } from '../../../shared/policy/compile.ts';
import { defaultPolicy } from '../../../shared/policy/default.ts';
import { policyHash } from '../../../shared/policy/hash.ts';
import { policyJsonSchema } from '../../../shared/policy/schema.ts';
import { barePolicy } from '../../shared/policy/fixtures.ts';

const faultsOf = (value: unknown): readonly PolicyFault[] => {
  const parsed = parsePolicy(value);
  return parsed.ok ? [] : parsed.faults;
};

const rule = { id: 'r', when: 'true', points: 1, text: 'r' };
const list = { kind: 'block', field: 'deviceId' };

describe('a policy document', () => {
  it('is read as it was written', () => {
    expect(parsePolicy(JSON.parse(JSON.stringify(defaultPolicy)))).toEqual({ ok: true, policy: defaultPolicy });
  });

  it('may leave out what has a default', () => {
    const { failTo: _t, failOn: _o, population: _p, merchantPrior: _m, learnedWeight: _l, ...rest } = barePolicy;
    const parsed = parsePolicy(rest);
    expect(parsed).toMatchObject({ ok: true, policy: { failTo: 'REVIEW', failOn: null, learnedWeight: 0 } });
  });

  it('may leave out what it does not say of alerts, which leaves its hash as it was', () => {
    const alerts = { blocks: false, reviewsFrom: 60, degraded: true };
    const parsed = parsePolicy({ ...barePolicy, alerts });
    expect(parsed).toEqual({ ok: true, policy: { ...barePolicy, alerts } });
  });

  it.each(['deadLetters', 'model', 'verifier'])('may switch alerts of %s off, by false alone', (kind) => {
    const alerts = { blocks: true, reviewsFrom: null, degraded: true };
    expect(parsePolicy({ ...barePolicy, alerts: { ...alerts, [kind]: false } })).toMatchObject({
      ok: true,
      policy: { alerts: { ...alerts, [kind]: false } },
    });
    expect(faultsOf({ ...barePolicy, alerts: { ...alerts, [kind]: 'no' } })).toMatchObject([{ pointer: `/alerts/${kind}` }]);
  });

  it('may leave out the signals across accounts, or give them no threshold, and keeps its hash', () => {
    const entries = Object.entries(barePolicy.signals);
    const first = { ...barePolicy, signals: Object.fromEntries(entries.slice(0, 9)) };
    const parsed = parsePolicy(first);
    expect(parsed).toEqual({ ok: true, policy: first });
    expect(parsed.ok && policyHash(parsed.policy)).toBe(policyHash(first as typeof barePolicy));
    const silent = { ...barePolicy, signals: { ...barePolicy.signals, LINKED_FRAUD: { threshold: null, points: 0 } } };
    expect(parsePolicy(silent)).toEqual({ ok: true, policy: silent });
    const old = { ...barePolicy, signals: { ...barePolicy.signals, ANOMALY: { threshold: null, points: 0 } } };
    expect(faultsOf(old)).toMatchObject([{ pointer: '/signals/ANOMALY/threshold' }]);
  });

  it('may say which kinds of entities are tracked, with four of its own', () => {
    const entities = ['device', ...['a', 'bC', 'd9', 'email'].map((kind) => ({ kind, metadata: `${kind}.hash` }))];
    const rules = [{ ...rule, when: 'device.accounts24h > 3 && entity.email.frauds > 0 && has(entity.d9.amount24hMinor)' }];
    expect(parsePolicy({ ...barePolicy, entities, rules })).toEqual({ ok: true, policy: { ...barePolicy, entities, rules } });
    expect(parsePolicy({ ...barePolicy, entities: [] })).toMatchObject({ ok: true });
  });

  it.each<[string, unknown[], string]>([
    ['an unknown kind', ['device', 'shoe'], '/entities/1'],
    ['merchants, which are told from the stream', ['merchant'], '/entities/0'],
    ['a kind twice', ['ip', 'ip'], '/entities/1'],
    ['a kind of its own called as one of the four', [{ kind: 'device', metadata: 'd' }], '/entities/0/kind'],
    ['a kind of its own called as something else is', [{ kind: 'account', metadata: 'd' }], '/entities/0/kind'],
    ['a kind of its own twice', ['a', 'a'].map((kind) => ({ kind, metadata: 'm' })), '/entities/1/kind'],
    ['a kind that begins with a capital', [{ kind: 'Email', metadata: 'm' }], '/entities/0/kind'],
    ['a kind of 17 letters', [{ kind: 'a'.repeat(17), metadata: 'm' }], '/entities/0/kind'],
    ['a kind that is an object, as JSON is read', [{ kind: Object.create(null), metadata: 'm' }], '/entities/0'],
    ['a kind without metadata', [{ kind: 'email' }], '/entities/0'],
    ['five kinds of its own', ['a', 'b', 'c', 'd', 'e'].map((kind) => ({ kind, metadata: 'm' })), '/entities'],
  ])('is refused with %s', (_, entities, pointer) => {
    expect(faultsOf({ ...barePolicy, entities }).map((fault) => fault.pointer)).toContain(pointer);
  });

  it('is refused with a rule on a kind of its own that it has not', () => {
    const rules = [{ ...rule, when: 'entity.email.frauds > 0' }];
    expect(faultsOf({ ...barePolicy, rules })).toMatchObject([{ pointer: '/rules/0/when', line: 1 }]);
  });

  it('may leave out what a list has a default for', () => {
    const lists = { devices: list, trusted: { kind: 'allow', field: 'userId' } };
    expect(parsePolicy({ ...barePolicy, lists })).toMatchObject({
      ok: true,
      policy: {
        lists: {
          devices: { outcome: 'BLOCK', overrides: false, text: 'On the list devices' },
          trusted: { outcome: 'ALLOW', overrides: false, text: 'On the list trusted' },
        },
      },
    });
  });

  it('is refused with all its faults at once, each at its place', () => {
    const faults = faultsOf({
      ...barePolicy,
      extra: 1,
      baseCurrency: 'XYZ',
      rates: { eur: '1', USD: '0' },
      cutoffs: { review: 80, block: 70 },
      rules: [
        { ...rule, when: 'true &&\n  txn.nope' },
        { ...rule, outcome: 'BLOCK' },
      ],
      lists: { 'a/b': list },
      failTo: 'MAYBE',
    });
    expect(faults.map((fault) => fault.pointer).sort()).toEqual([
      '/baseCurrency',
      '/cutoffs/review',
      '/extra',
      '/failTo',
      '/lists/a~1b',
      '/rates/USD',
      '/rates/eur',
      '/rules/0/when',
      '/rules/1',
      '/rules/1/id',
    ]);
    expect(faults.find((fault) => fault.pointer === '/rules/0/when')).toMatchObject({
      line: 2,
      column: 7,
      detail: expect.stringMatching(/^line 2, column 7: unknown field txn\.nope/),
    });
  });

  it.each<[string, unknown, string]>([
    ['an array', [], ''],
    ['null', null, ''],
    ['a text', 'policy', ''],
    ['a missing part', { ...barePolicy, cutoffs: undefined }, '/cutoffs'],
    [
      'a signal without points',
      { ...barePolicy, signals: { ...barePolicy.signals, ANOMALY: { threshold: 1 } } },
      '/signals/ANOMALY/points',
    ],
    [
      'an unknown signal',
      { ...barePolicy, signals: { ...barePolicy.signals, NOPE: { threshold: 1, points: 1 } } },
      '/signals/NOPE',
    ],
    ['points of three decimals', { ...barePolicy, rules: [{ ...rule, points: 0.125 }] }, '/rules/0/points'],
    ['points that are no number', { ...barePolicy, rules: [{ ...rule, points: '1' }] }, '/rules/0/points'],
    [
      'an infinite threshold',
      { ...barePolicy, signals: { ...barePolicy.signals, ANOMALY: { threshold: Infinity, points: 1 } } },
      '/signals/ANOMALY/threshold',
    ],
    ['a rule that gives nothing', { ...barePolicy, rules: [{ id: 'r', when: 'true', text: 'r' }] }, '/rules/0'],
    ['a rate that is a number', { ...barePolicy, rates: { USD: 83.2 } }, '/rates/USD'],
    ['a negative rate', { ...barePolicy, rates: { USD: '-1' } }, '/rates/USD'],
    ['a rate with an exponent', { ...barePolicy, rates: { USD: '1e3' } }, '/rates/USD'],
    ['a rate of 13 decimals', { ...barePolicy, rates: { USD: '0.1234567890123' } }, '/rates/USD'],
    ['a rate of a currency that is none', { ...barePolicy, rates: { QQQ: '1' } }, '/rates/QQQ'],
    ['another rate than 1 for the base currency', { ...barePolicy, rates: { INR: '2' } }, '/rates/INR'],
    [
      'a rate of the base currency that is an object without a prototype, as bodies are parsed',
      { ...barePolicy, rates: { INR: Object.create(null) } },
      '/rates/INR',
    ],
    [
      'an allow list that blocks',
      { ...barePolicy, lists: { l: { kind: 'allow', field: 'userId', outcome: 'BLOCK' } } },
      '/lists/l/outcome',
    ],
    ['a block list that allows', { ...barePolicy, lists: { l: { ...list, outcome: 'ALLOW' } } }, '/lists/l/outcome'],
    ['a block list that overrides', { ...barePolicy, lists: { l: { ...list, overrides: true } } }, '/lists/l/overrides'],
    ['a list of a field that is none', { ...barePolicy, lists: { l: { ...list, field: 'metadata' } } }, '/lists/l/field'],
    [
      'a name that objects are born with',
      { ...barePolicy, lists: JSON.parse('{"__proto__": {"kind": "block", "field": "userId"}}') },
      '/lists/__proto__',
    ],
    ['a currency that objects are born with', { ...barePolicy, rates: JSON.parse('{"__proto__": "1"}') }, '/rates/__proto__'],
    ['101 rules', { ...barePolicy, rules: Array.from({ length: 101 }, (_, i) => ({ ...rule, id: `r${i}` })) }, '/rules'],
    ['21 lists', { ...barePolicy, lists: Object.fromEntries(Array.from({ length: 21 }, (_, i) => [`l${i}`, list])) }, '/lists'],
    ['no standard deviation', { ...barePolicy, population: { mean: 1, sd: 0 } }, '/population/sd'],
    ['a cause that is none', { ...barePolicy, failOn: ['NEVER'] }, '/failOn/0'],
  ])('is refused for %s', (_what, value, pointer) => {
    expect(faultsOf(value).map((fault) => fault.pointer)).toEqual([pointer]);
  });

  it.each<[string, unknown]>([
    ['100 rules', { ...barePolicy, rules: Array.from({ length: 100 }, (_, i) => ({ ...rule, id: `r${i}` })) }],
    ['20 lists', { ...barePolicy, lists: Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`l${i}`, list])) }],
    ['points of two decimals', { ...barePolicy, rules: [{ ...rule, points: 0.29 }] }],
    ['negative points', { ...barePolicy, rules: [{ ...rule, points: -10 }] }],
    ['equal cut-offs', { ...barePolicy, cutoffs: { review: 70, block: 70 } }],
    ['a rate of 1 for the base currency', { ...barePolicy, rates: { INR: '1.00' } }],
    ['a rule that reads a list', { ...barePolicy, lists: { l: list }, rules: [{ ...rule, when: 'lists.l' }] }],
    ['a rate of 12 decimals', { ...barePolicy, rates: { USD: '0.000000000001' } }],
  ])('may have %s', (_what, value) => {
    expect(faultsOf(value)).toEqual([]);
  });
});

describe('the published JSON Schema', () => {
  const published: unknown = JSON.parse(readFileSync(new URL('../../../docs/policy.schema.json', import.meta.url), 'utf8'));
  const validate = new Ajv2020({ strict: false }).compile(published as object);

  it('is the one the parser is made from', () => {
    expect(published).toEqual(policyJsonSchema());
  });

  it('takes the default policy', () => {
    expect(validate(defaultPolicy)).toBe(true);
  });

  const parts = Object.keys(defaultPolicy);
  const junk = fc.oneof(fc.constant(null), fc.integer(), fc.string(), fc.constant([]), fc.constant({}), fc.double());

  it('refuses nothing that the parser takes', () => {
    fc.assert(
      fc.property(fc.constantFrom(...parts), junk, (part, value) => {
        const changed = { ...defaultPolicy, [part]: value };
        if (parsePolicy(changed).ok) expect(validate(JSON.parse(JSON.stringify(changed)))).toBe(true);
      }),
    );
  });

  it.each<[string, unknown]>([
    ['an unknown field', { ...barePolicy, extra: 1 }],
    ['a missing part', { ...barePolicy, rules: undefined }],
    ['a rule with points and outcome', { ...barePolicy, rules: [{ ...rule, outcome: 'BLOCK' }] }],
    ['a rule with neither', { ...barePolicy, rules: [{ id: 'r', when: 'true', text: 'r' }] }],
    ['a rate that is a number', { ...barePolicy, rates: { USD: 1 } }],
    ['an allow list that blocks', { ...barePolicy, lists: { l: { kind: 'allow', field: 'userId', outcome: 'BLOCK' } } }],
    ['a block list that overrides', { ...barePolicy, lists: { l: { ...list, overrides: true } } }],
    ['21 lists', { ...barePolicy, lists: Object.fromEntries(Array.from({ length: 21 }, (_, i) => [`l${i}`, list])) }],
  ])('refuses %s, as the parser does', (_what, value) => {
    const wire: unknown = JSON.parse(JSON.stringify(value));
    expect(parsePolicy(wire).ok).toBe(false);
    expect(validate(wire)).toBe(false);
  });
});

describe('the hash of a policy', () => {
  it('does not depend on the order of its fields', () => {
    const reversed = Object.fromEntries(Object.entries(defaultPolicy).reverse());
    const parsed = parsePolicy(reversed);
    if (!parsed.ok) throw new Error('refused');
    expect(Object.keys(parsed.policy)).not.toEqual([]);
    expect(policyHash(parsed.policy)).toBe(compilePolicy(defaultPolicy, 1).hash);
  });

  it('changes with any part', () => {
    expect(policyHash({ ...defaultPolicy, failTo: 'BLOCK' })).not.toBe(policyHash(defaultPolicy));
  });
});

describe('compiling', () => {
  it('throws with every bad rule named', () => {
    const rules = [
      { id: 'good', when: 'true', points: 1, text: 'x' },
      { id: 'bad', when: 'txn.x', points: 1, text: 'x' },
      { id: 'worse', when: '', points: 1, text: 'x' },
    ];
    expect(() => compilePolicy({ ...barePolicy, rules }, 1)).toThrow(
      /rule bad: line 1, column 5: .*; rule worse: line 1, column 1: /,
    );
  });
});
