import { describe, expect, it } from 'vitest';
import { type MerchantFigures, noFigures } from '../../../shared/domain/merchant.ts';
import { ruleCompiler } from '../../../shared/policy/cel.ts';
import { ruleLimits } from '../../../shared/policy/ruleLimits.ts';
import { factsWith, transaction } from './fixtures.ts';

const compile = ruleCompiler(['blocked', 'by-hand']);

const evaluate = (expression: string, facts = factsWith({ lists: { blocked: true, 'by-hand': false } })): boolean => {
  const compiled = compile(expression);
  if (!compiled.ok) throw new Error(`refused: ${compiled.fault.detail}`);
  return compiled.evaluate(facts);
};

describe('a rule', () => {
  it.each([
    ['reads a text', 'txn.channel == "upi"', true],
    ['reads the amount as an int', 'txn.amountMinor == 129900', true],
    ['reads the spend in the base currency', 'txn.spendMinor > 129899', true],
    ['reads the local hour by the offset', 'txn.hour == 13', true],
    ['reads that a payment is not late', 'txn.late', false],
    ['reads coordinates as doubles', 'txn.latitude > 12.9 && txn.longitude < 77.6', true],
    ['reads metadata by name', 'txn.metadata.segment == "retail"', true],
    ['asks whether metadata has a name', '"vip" in txn.metadata', false],
    ['compares a signal with a double', 'signals.TXN_VELOCITY_1H >= 3.5', true],
    ['compares a signal with an int', 'signals.TXN_VELOCITY_1H >= 4', true],
    ['reads a list that hits', 'lists.blocked', true],
    ['reads a list whose name has a dash', 'lists["by-hand"]', false],
    ['reads how many payments the account made', 'account.transactionCount < 13', true],
    ['reads the age of the account', 'account.ageDays > 40.0', true],
    ['tests membership in a list of texts', 'txn.merchantCategory in ["5411", "5999"]', true],
    ['joins conditions with or', 'txn.late || txn.currency == "INR"', true],
    ['negates', '!lists.blocked', false],
    ['chooses', 'txn.hour > 12 ? true : false', true],
    ['calculates', 'double(txn.amountMinor) / 100.0 > 1298.9', true],
    ['looks at the beginning of a text', 'txn.deviceId.startsWith("d_")', true],
  ])('%s', (_sentence, expression, expected) => {
    const facts = factsWith({ signals: { TXN_VELOCITY_1H: 4 }, lists: { blocked: true, 'by-hand': false } });
    expect(evaluate(expression, facts)).toBe(expected);
  });

  it.each(['channel', 'deviceId', 'merchantId', 'merchantCategory'] as const)('reads an absent %s as the empty text', (field) => {
    expect(evaluate(`txn.${field} == ""`, factsWith({ transaction: { ...transaction, [field]: null } }))).toBe(true);
  });

  it.each([
    [0, 330, 5],
    [0, -30, 23],
    [86_399_999, 0, 23],
    [86_400_000, 0, 0],
    [0, -840, 10],
  ])('reads the hour of %d ms at offset %d minutes as %d', (occurredAtMs, offsetMinutes, hour) => {
    expect(evaluate(`txn.hour == ${hour}`, factsWith({ transaction: { ...transaction, occurredAtMs, offsetMinutes } }))).toBe(
      true,
    );
  });

  it('is evaluated on the facts it is given, not on those before', () => {
    const rule = compile('txn.amountMinor > 100');
    if (!rule.ok) throw new Error(rule.fault.detail);
    const results = [50, 150, 50].map((amountMinor) =>
      rule.evaluate(factsWith({ transaction: { ...transaction, amountMinor } })),
    );
    expect(results).toEqual([false, true, false]);
  });
});

describe('what could not be computed', () => {
  const unknown = factsWith({
    signals: { IMPOSSIBLE_TRAVEL: null },
    spendMinor: null,
    transaction: { ...transaction, location: null, metadata: null },
  });

  it.each([
    ['a signal', 'signals.IMPOSSIBLE_TRAVEL < 900.0'],
    ['a negated signal', '!(signals.IMPOSSIBLE_TRAVEL >= 900.0)'],
    ['a signal by index', 'signals["IMPOSSIBLE_TRAVEL"] < 900.0'],
    ['the spend', 'txn.spendMinor < 100'],
    ['the place', 'txn.latitude == 0.0'],
    ['metadata that is not there', 'txn.metadata.segment == ""'],
    ['a division by zero', 'txn.amountMinor / 0 == 0'],
    ['a sum beyond 64 bits', 'txn.amountMinor * 9223372036854775807 > 0'],
  ])('makes a rule fail that touches %s, never read zero', (_what, expression) => {
    expect(() => evaluate(expression, unknown)).toThrow();
  });

  it.each([
    ['has(signals.IMPOSSIBLE_TRAVEL)', false],
    ['has(signals.IMPOSSIBLE_TRAVEL) && signals.IMPOSSIBLE_TRAVEL < 900.0', false],
    ['!has(signals.IMPOSSIBLE_TRAVEL) || signals.IMPOSSIBLE_TRAVEL < 900.0', true],
    ['has(txn.spendMinor)', false],
    ['has(txn.latitude)', false],
    ['has(signals.UNUSUAL_HOUR)', true],
  ])('is guarded by has(): %s is %s', (expression, expected) => {
    expect(evaluate(expression, unknown)).toBe(expected);
  });
});

describe('the merchant', () => {
  const read = (when: string, merchant: MerchantFigures | null, paid = transaction): boolean =>
    evaluate(when, factsWith({ merchant, transaction: paid, lists: { blocked: false, 'by-hand': false } }));

  it('reads as its labels known by now say', () => {
    const merchant = { labelled: 8, frauds: 2, riskShort: 0.5, riskLong: 0.25 };
    const when = 'merchant.labelled == 8 && merchant.frauds == 2 && merchant.riskShort == 0.5 && merchant.riskLong == 0.25';
    expect(read(when, merchant)).toBe(true);
  });

  it('has no share while nothing is labelled, and no figures at all when they cannot be read', () => {
    expect(read('merchant.labelled == 0 && !has(merchant.riskShort)', noFigures)).toBe(true);
    expect(read('has(merchant.labelled)', null)).toBe(false);
    expect(() => read('merchant.riskShort >= 0.1', noFigures)).toThrow();
  });

  it('that is none has no labels', () => {
    expect(read('merchant.labelled == 0', null, { ...transaction, merchantId: null })).toBe(true);
  });
});

describe('a bad rule is refused', () => {
  it.each([
    ['an unknown variable', 'payment.amountMinor > 1', 1, 1, 'unknown variable payment'],
    ['an unknown field', 'txn.amount > 1', 1, 5, 'unknown field txn.amount'],
    ['an unknown signal', 'true &&\n  signals.NOPE > 1.0', 2, 11, 'unknown field signals.NOPE'],
    ['an unknown signal inside has()', 'has(signals.NOPE)', 1, 13, 'unknown field signals.NOPE'],
    ['an unknown list', 'lists.nope', 1, 7, 'unknown field lists.nope'],
    ['an unknown list by index', 'lists["nope"]', 1, 7, 'unknown field lists.nope'],
    ['a name that objects are born with', 'txn.constructor == 1', 1, 5, 'unknown field txn.constructor'],
    ['a computed field', 'signals["NEW_" + "X"] > 1.0', 1, 9, 'text in quotes'],
    ['a wrong type', 'txn.channel > 5', 1, 1, 'no such overload: string > int'],
    ['a wrong type on a later line', 'true\n&& txn.late == 1.5', 2, 4, 'no such overload'],
    ['equality of a double and an int', 'signals.UNUSUAL_HOUR == 1', 1, 1, 'no such overload: double == int'],
    ['a result that is no bool', 'txn.amountMinor + 1', 1, 1, 'must be a bool, this is of type int'],
    ['an expression that ends early', 'txn.hour >', 1, 11, 'EOF'],
    ['an empty expression', '', 1, 1, 'EOF'],
    ['a comprehension', 'true && [1, 2].all(x, x > 0)', 1, 16, 'unknown function .all()'],
    ['a regular expression', 'txn.channel.matches("(a+)+$")', 1, 13, 'unknown function .matches()'],
    ['a way round the types', 'dyn(txn.hour) == "x"', 1, 1, 'unknown function dyn()'],
    ['a clock', 'timestamp("2026-01-01T00:00:00Z") == now()', 1, 1, 'unknown function timestamp()'],
    ['a binding', 'cel.bind(x, 1, x > 0)', 1, 5, 'unknown function .bind()'],
    ['a list of mixed types', 'txn.hour in [1, "2"]', 1, 17, 'same type'],
  ])('for %s, with line and column', (_what, expression, line, column, detail) => {
    const compiled = compile(expression);
    expect(compiled).toMatchObject({ ok: false, fault: { line, column, detail: expect.stringContaining(detail) } });
  });

  it('counts columns in characters, not in code units', () => {
    const compiled = compile('"\u{1F4B3}" == "x" && nope');
    expect(compiled).toMatchObject({ ok: false, fault: { line: 1, column: 15 } });
  });

  const list = (count: number): string => `txn.hour in [${Array.from({ length: count }, (_, i) => i).join(',')}]`;
  const nested = (depth: number): string => `${'('.repeat(depth)}true${')'.repeat(depth)}`;

  it.each([
    [
      'characters',
      `true${' '.repeat(ruleLimits.expressionCharacters - 4)}`,
      `true${' '.repeat(ruleLimits.expressionCharacters - 3)}`,
    ],
    ['list elements', list(ruleLimits.listElements), list(ruleLimits.listElements + 1)],
    ['depth', nested(ruleLimits.depth - 1), nested(ruleLimits.depth + 1)],
    ['nodes', `true${'&&true'.repeat(100)}`, `true${'&&true'.repeat(150)}`],
  ])('beyond the limit of %s, and not at it', (_what, within, beyond) => {
    expect(compile(within)).toMatchObject({ ok: true });
    expect(compile(beyond)).toMatchObject({ ok: false });
  });
});
