import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { defaultPolicy } from '../../../shared/policy/default.ts';
import { checkPolicy } from '../../../tools/cli/policy.ts';
import { readPolicyTests } from '../../../tools/cli/policyTests.ts';

const policyText = JSON.stringify(defaultPolicy);
const ofDefault = readFileSync(new URL('../../../docs/policies/default.tests.json', import.meta.url), 'utf8');

const check = (tests: unknown, policy = policyText) =>
  checkPolicy(policy, 'p.json', { text: typeof tests === 'string' ? tests : JSON.stringify(tests), fileName: 't.json' });

/** A file of one case, as text: its words are not ours. */
const one = (given: object, when: object, then: object, defaults: object = {}): string =>
  JSON.stringify({ defaults, tests: [Object.fromEntries(Object.entries({ name: 'it', given, when, then }))] });

describe('aegis policy check', () => {
  it('decides the cases of the default policy as its file says', async () => {
    expect(await check(ofDefault)).toEqual({
      exitCode: 0,
      lines: [expect.stringMatching(/^t\.json: 8 of 8 test cases hold, hash [0-9a-f]{64}$/)],
    });
  });

  it('names each case that does not hold, with what was decided instead', async () => {
    const changed = { ...defaultPolicy, cutoffs: { review: 50, block: 70 } };
    const { exitCode, lines } = await check(ofDefault, JSON.stringify(changed));
    expect(exitCode).toBe(1);
    expect(lines).toEqual([
      'FAILED the fifth payment within a minute is reviewed',
      '  expected REVIEW; decided ALLOW, score 45, reasons RAPID_BURST_1M',
      'FAILED money sent on in an unusual amount is reviewed',
      '  expected REVIEW; decided ALLOW, score 40, reasons RULE:large-transfer',
      expect.stringContaining('6 of 8 test cases hold'),
    ]);
  });

  it('lints alone without test cases, and never decides under a policy with faults', async () => {
    expect((await checkPolicy(policyText, 'p.json', null)).exitCode).toBe(0);
    const bad = JSON.stringify({ ...defaultPolicy, failTo: 'MAYBE' });
    const { exitCode, lines } = await check('not read', bad);
    expect([exitCode, lines[0]]).toEqual([1, expect.stringContaining('#/failTo')]);
  });

  it.each<[string, string, string | RegExp]>([
    ['a wrong score', one({}, { amountMinor: 100 }, { outcome: 'ALLOW', score: 1 }), /expected score 1; decided ALLOW, score 0/],
    [
      'a reason too few',
      one({}, { amountMinor: 100 }, { outcome: 'ALLOW', reasons: ['MODEL'] }),
      /expected reasons MODEL; decided ALLOW, score 0, reasons none/,
    ],
    ['a payment that the API would refuse', one({}, { amountMinor: 0 }, { outcome: 'ALLOW' }), /^ {2}when\/amountMinor: /m],
    [
      'an unknown field of a payment',
      one({}, { amountMinor: 1, amount: 1 }, { outcome: 'ALLOW' }),
      /when\/amount: unknown field/,
    ],
    [
      'an earlier payment at no time',
      one({ payments: [{ ago: 'soon', amountMinor: 1 }] }, { amountMinor: 1 }, { outcome: 'ALLOW' }),
      /given\/payments\/0\/ago: .* given soon/,
    ],
    [
      'a list that the policy has not',
      one({ lists: { nowhere: ['x'] } }, { amountMinor: 1 }, { outcome: 'ALLOW' }),
      'the policy has no list nowhere',
    ],
  ])('fails a case with %s', async (_, tests, line) => {
    const result = await check(tests);
    expect(result.exitCode).toBe(1);
    expect(result.lines.join('\n')).toMatch(line);
  });

  it('decides each case by itself, and earlier payments in the order of their times', async () => {
    const far = {
      payments: [
        { ago: '1h', amountMinor: 1 },
        { ago: '2h', amountMinor: 1 },
      ],
    };
    const { lines, exitCode } = await check(one(far, { amountMinor: 1 }, { outcome: 'ALLOW' }));
    expect([exitCode, lines.length]).toEqual([0, 1]);
  });

  it('keeps windows exact however many payments came before', async () => {
    const many = { payments: [{ ago: '10m', times: 700, amountMinor: 1 }] };
    const policy = { ...defaultPolicy, rules: [], signals: { ...defaultPolicy.signals } };
    const when = { amountMinor: 1 };
    const rule = { id: 'many', when: 'signals.TXN_VELOCITY_1H == 701.0', outcome: 'BLOCK', text: 'x' };
    const { exitCode } = await check(one(many, when, { outcome: 'BLOCK' }), JSON.stringify({ ...policy, rules: [rule] }));
    expect(exitCode).toBe(0);
  });
});

describe('a file of test cases', () => {
  it.each<[string, string, string]>([
    ['that is not JSON', '{', 't.json: not JSON'],
    ['without a case', '{"tests": []}', 't.json#/tests'],
    ['with an unknown outcome', one({}, {}, { outcome: 'MAYBE' }), 't.json#/tests/0/then/outcome'],
    ['with an unknown word', one({ history: [] }, {}, { outcome: 'ALLOW' }), 't.json#/tests/0/given'],
    [
      'with a merchant of fewer labels than none',
      one({ merchants: { m: { labelled: -1, frauds: 0 } } }, {}, { outcome: 'ALLOW' }),
      't.json#/tests/0/given/merchants/m/labelled',
    ],
  ])('%s is refused by its place', (_, text, message) => {
    expect(() => readPolicyTests(text, 't.json')).toThrow(message);
  });
});
