import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { maximumFaults } from '../../../shared/contract/fault.ts';
import { differingField, parseTransactionText, serializeTransaction } from '../../../shared/contract/transaction.ts';
import { currencyExponents } from '../../../shared/domain/currency.ts';
import { canonicalIp } from '../../../shared/domain/ipAddress.ts';
import type { Transaction } from '../../../shared/domain/transaction.ts';

const receivedAtMs = Date.UTC(2026, 10, 20, 12, 0);
const visa = '4111111111111111';

const full = {
  transactionId: 'txn_8Zk1',
  userId: 'u_42',
  accountId: 'a_7',
  occurredAt: '2026-11-20T13:45:00.000+05:30',
  amountMinor: 129900,
  currency: 'INR',
  channel: 'upi',
  deviceId: 'd_9',
  merchantId: 'm_3',
  merchantCategory: '5411',
  ipAddress: '2001:DB8:0:0::1',
  beneficiaryId: 'asha@upi',
  instrumentId: 'card_77',
  location: { latitude: 12.97, longitude: 77.59 },
  metadata: { k: 'v' },
};

const required = ['transactionId', 'userId', 'accountId', 'occurredAt', 'amountMinor', 'currency'] as const;

const parse = (value: unknown) => parseTransactionText(typeof value === 'string' ? value : JSON.stringify(value), receivedAtMs);

function parsed(value: unknown): Transaction {
  const result = parse(value);
  if (!result.ok) throw new Error(JSON.stringify(result.faults));
  return result.transaction;
}

function pointers(value: unknown): readonly string[] {
  const result = parse(value);
  return result.ok ? [] : result.faults.map((fault) => fault.pointer);
}

/** The full transaction with one field written as the given JSON text. */
const written = (field: string, json: string): string => {
  const { [field as keyof typeof full]: _, ...rest } = full;
  return JSON.stringify(rest).replace(/\}$/, `,${JSON.stringify(field)}:${json}}`);
};

const id = fc.stringMatching(/^[A-Za-z][A-Za-z_.:-]{0,63}$/).filter((text) => text !== 'latest');
const ipAddress = fc.oneof(fc.ipV4(), fc.ipV6()).map((text) => canonicalIp(text)!);
const beneficiaryId = fc.stringMatching(/^[A-Za-z][A-Za-z_.:@+-]{0,63}$/);
const optional = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(arbitrary, { nil: null });
const degrees = (limit: number) => fc.double({ min: -limit, max: limit, noNaN: true }).map((value) => (value === 0 ? 0 : value));
const wellFormed = (maxLength: number) =>
  fc.string({ unit: 'binary', maxLength }).filter((text) => text.isWellFormed() && !/\p{N}/u.test(text.normalize('NFKC')));

const transactions: fc.Arbitrary<Transaction> = fc.record({
  transactionId: id,
  userId: id,
  accountId: id,
  occurredAtMs: fc.integer({ min: Date.UTC(2000, 0, 2), max: receivedAtMs }),
  offsetMinutes: fc.integer({ min: -840, max: 840 }),
  amountMinor: fc.maxSafeNat().map((amount) => Math.max(1, amount)),
  currency: fc.constantFrom(...Object.keys(currencyExponents)),
  channel: optional(id),
  deviceId: optional(id),
  merchantId: optional(id),
  merchantCategory: optional(id),
  ipAddress: optional(ipAddress),
  beneficiaryId: optional(beneficiaryId),
  instrumentId: optional(id),
  location: optional(fc.record({ latitude: degrees(90), longitude: degrees(180) })),
  metadata: optional(
    fc
      .uniqueArray(fc.tuple(wellFormed(64), wellFormed(256)), { selector: ([key]) => key, minLength: 1, maxLength: 20 })
      .filter((pairs) => pairs.every(([key]) => key !== '' && key !== '__proto__'))
      .map((pairs) => Object.fromEntries(pairs)),
  ),
});

describe('a transaction', () => {
  it('is read whole', () => {
    expect(parsed(full)).toEqual({
      transactionId: 'txn_8Zk1',
      userId: 'u_42',
      accountId: 'a_7',
      occurredAtMs: Date.UTC(2026, 10, 20, 8, 15),
      offsetMinutes: 330,
      amountMinor: 129900,
      currency: 'INR',
      channel: 'upi',
      deviceId: 'd_9',
      merchantId: 'm_3',
      merchantCategory: '5411',
      ipAddress: '2001:db8::1',
      beneficiaryId: 'asha@upi',
      instrumentId: 'card_77',
      location: { latitude: 12.97, longitude: 77.59 },
      metadata: { k: 'v' },
    });
  });

  it('survives the queue unchanged', () => {
    fc.assert(
      fc.property(transactions, (transaction) => {
        const text = serializeTransaction(transaction);
        expect(parsed(text)).toEqual(transaction);
        expect(text).not.toMatch(/[^\t\n\r\x20-\ud7ff\ue000-\ufffd]/);
      }),
    );
  });

  it('leaves no character for the queue to refuse', () => {
    const transaction = parsed({ ...full, metadata: { '\u{1f600}': 'a\ufffe\uffff\u{10ffff}\u0000\n' } });
    const text = serializeTransaction(transaction);
    expect(text).toMatch(/^[\x20-\x7e]+$/);
    expect(parsed(text)).toEqual(transaction);
  });

  it('takes null for absent in every optional field', () => {
    const optionals = Object.keys(full).filter((field) => !(required as readonly string[]).includes(field));
    const nulls = Object.fromEntries(optionals.map((field) => [field, null]));
    const bare = Object.fromEntries(required.map((field) => [field, full[field]]));
    expect(parsed({ ...full, ...nulls })).toEqual({ ...parsed(bare) });
    expect(differingField(parsed({ ...full, ...nulls }), parsed(bare))).toBeNull();
  });

  it('names every missing field at once, in the order of the contract', () => {
    expect(pointers({})).toEqual(required.map((field) => `/${field}`));
  });

  it.each(required)('takes no null for %s', (field) => {
    expect(pointers({ ...full, [field]: null })).toEqual([`/${field}`]);
  });

  it.each([
    ['the longest id', 'userId', JSON.stringify('u'.repeat(64))],
    ['an id of one digit', 'accountId', '"7"'],
    ['every character of the alphabet', 'deviceId', '"aZ0_.:-"'],
    ['every character of a payee', 'beneficiaryId', '"aZ0_.:-@+"'],
    ['a payee of 64 characters', 'beneficiaryId', JSON.stringify('b'.repeat(64))],
    ['an IPv4 address', 'ipAddress', '"203.0.113.7"'],
    ['an IPv6 address that is not canonical', 'ipAddress', '"2001:0DB8:0:0:0:0:0:1"'],
    ['an IPv4-mapped address', 'ipAddress', '"::ffff:203.0.113.7"'],
    ['the least amount', 'amountMinor', '1'],
    ['the greatest amount', 'amountMinor', '9007199254740991'],
    ['an amount that looks like a card number', 'amountMinor', visa],
    ['a payment 5 minutes ahead', 'occurredAt', '"2026-11-20T12:05:00Z"'],
    ['the first moment of 2000', 'occurredAt', '"2000-01-01T00:00:00Z"'],
    ['the ends of the earth', 'location', '{"latitude":-90,"longitude":180.0}'],
    ['a place written with many decimals', 'location', '{"latitude":12.9700000000000000001,"longitude":0.0000001}'],
    ['metadata at its limits', 'metadata', JSON.stringify({ ['k'.repeat(64)]: '\u{1f600}'.repeat(256), e: '' })],
    ['a currency of four decimals', 'currency', '"CLF"'],
  ])('takes %s', (_, field, json) => {
    expect(pointers(written(field, json))).toEqual([]);
  });

  it.each([
    ['an id of 65 characters', 'userId', JSON.stringify('u'.repeat(65)), '/userId'],
    ['an empty id', 'accountId', '""', '/accountId'],
    ['an id that begins with a dash', 'userId', '"-a"', '/userId'],
    ['an id with a space', 'userId', '"a b"', '/userId'],
    ['an id with a line break at its end', 'userId', '"a\\n"', '/userId'],
    ['an id with a look-alike letter', 'userId', '"\u0430bc"', '/userId'],
    ['a full-width id', 'userId', '"\uff41"', '/userId'],
    ['an id that is a number', 'accountId', '7', '/accountId'],
    ['a transaction called latest', 'transactionId', '"latest"', '/transactionId'],
    ['a payee that begins with @', 'beneficiaryId', '"@upi"', '/beneficiaryId'],
    ['a payee with a space', 'beneficiaryId', '"a b@upi"', '/beneficiaryId'],
    ['a payee of 65 characters', 'beneficiaryId', JSON.stringify('b'.repeat(65)), '/beneficiaryId'],
    ['an empty payee', 'beneficiaryId', '""', '/beneficiaryId'],
    ['a card number as a payee', 'beneficiaryId', `"${visa}@upi"`, '/beneficiaryId'],
    ['an instrument with @', 'instrumentId', '"card@bank"', '/instrumentId'],
    ['a card number as an instrument', 'instrumentId', `"${visa}"`, '/instrumentId'],
    ['a card number with dashes as an instrument', 'instrumentId', '"4111-1111-1111-1111"', '/instrumentId'],
    ['an address with a zone', 'ipAddress', '"fe80::1%eth0"', '/ipAddress'],
    ['an octet that begins with 0', 'ipAddress', '"010.0.0.1"', '/ipAddress'],
    ['a network', 'ipAddress', '"10.0.0.0/8"', '/ipAddress'],
    ['a host name', 'ipAddress', '"example.com"', '/ipAddress'],
    ['an address that is a number', 'ipAddress', '167772161', '/ipAddress'],
    ['a zero amount', 'amountMinor', '0', '/amountMinor'],
    ['a negative amount', 'amountMinor', '-5', '/amountMinor'],
    ['a fractional amount', 'amountMinor', '1.5', '/amountMinor'],
    ['a whole amount with decimals', 'amountMinor', '1.0', '/amountMinor'],
    ['an amount with an exponent', 'amountMinor', '1e3', '/amountMinor'],
    ['an amount beyond 2^53-1', 'amountMinor', '9007199254740992', '/amountMinor'],
    ['an amount of 40 digits', 'amountMinor', '1'.repeat(40), '/amountMinor'],
    ['an amount as text', 'amountMinor', '"100"', '/amountMinor'],
    ['an unknown currency', 'currency', '"XYZ"', '/currency'],
    ['a currency in small letters', 'currency', '"inr"', '/currency'],
    ['a currency that was withdrawn', 'currency', '"DEM"', '/currency'],
    ['a currency named like a method', 'currency', '"constructor"', '/currency'],
    ['a time without offset', 'occurredAt', '"2026-11-20T11:00:00"', '/occurredAt'],
    ['a time more than 5 minutes ahead', 'occurredAt', '"2026-11-20T12:05:00.001Z"', '/occurredAt'],
    ['a time before 2000', 'occurredAt', '"1999-12-31T23:59:59.999Z"', '/occurredAt'],
    ['a time before 2000 by its offset', 'occurredAt', '"2000-01-01T00:00:00+01:00"', '/occurredAt'],
    ['a time as a number', 'occurredAt', '1795182300000', '/occurredAt'],
    ['a latitude over 90', 'location', '{"latitude":90.1,"longitude":0}', '/location/latitude'],
    ['a longitude under -180', 'location', '{"latitude":0,"longitude":-180.1}', '/location/longitude'],
    ['a latitude with an exponent', 'location', '{"latitude":1e1,"longitude":0}', '/location/latitude'],
    ['a place without longitude', 'location', '{"latitude":0}', '/location/longitude'],
    ['a null latitude', 'location', '{"latitude":null,"longitude":0}', '/location/latitude'],
    ['an unknown field of a place', 'location', '{"latitude":0,"longitude":0,"alt":1}', '/location/alt'],
    ['a place that is a list', 'location', '[1,2]', '/location'],
    ['metadata that is a text', 'metadata', '"x"', '/metadata'],
    ['metadata of numbers', 'metadata', '{"k":1}', '/metadata/k'],
    ['a null in metadata', 'metadata', '{"k":null}', '/metadata/k'],
    ['an empty metadata key', 'metadata', '{"":"v"}', '/metadata/'],
    ['a metadata key of 65 characters', 'metadata', JSON.stringify({ ['k'.repeat(65)]: 'v' }), `/metadata/${'k'.repeat(64)}...`],
    ['a metadata value of 257 characters', 'metadata', JSON.stringify({ k: 'v'.repeat(257) }), '/metadata/k'],
    [
      '21 pairs',
      'metadata',
      JSON.stringify(Object.fromEntries(Array.from({ length: 21 }, (_, i) => [`k${i}`, 'v']))),
      '/metadata',
    ],
    ['an unknown field', 'amount', '1', '/amount'],
    ['a field whose name needs escapes in a pointer', 'a/b~c', '1', '/a~1b~0c'],
    ['a card number as an id', 'deviceId', `"${visa}"`, '/deviceId'],
    ['a card number with its escapes as an id', 'deviceId', `"\\u0034${visa.slice(1)}"`, '/deviceId'],
    ['a card number in a metadata value', 'metadata', `{"k":"4111 1111 1111 1111"}`, '/metadata/k'],
    ['a card number as a metadata key', 'metadata', `{"${visa}":"v"}`, `/metadata/${'*'.repeat(16)}`],
    ['a card number where an amount should be', 'amountMinor', `"${visa}"`, '/amountMinor'],
    ['a card number deep in a wrong place', 'location', `[{"x":["${visa}"]}]`, '/location/0/x/0'],
  ])('refuses %s', (_, field, json, pointer) => {
    expect(pointers(written(field, json))).toEqual([pointer]);
  });

  it('refuses a card number deep in an unknown field, beside the field itself', () => {
    expect(pointers(written('extra', `{"a":["${visa}"]}`))).toEqual(['/extra', '/extra/a/0']);
  });

  it('says the field, what was given and what is allowed', () => {
    const result = parse({ ...full, currency: 'XYZ' });
    expect(result).toMatchObject({
      ok: false,
      transactionId: 'txn_8Zk1',
      faults: [{ detail: 'currency must be an active ISO 4217 code in capitals; given "XYZ"' }],
    });
  });

  it('never repeats a card number in a fault', () => {
    const given = { ...full, deviceId: visa, occurredAt: `at ${visa}`, [visa]: { [visa]: visa }, metadata: { [visa]: 'x' } };
    const result = parse(given);
    expect(result.ok).toBe(false);
    expect(JSON.stringify(result)).not.toContain('1111111');
  });

  it('cuts long values in faults', () => {
    const result = parse({ ...full, userId: 'u'.repeat(10_000) });
    expect(JSON.stringify(result).length).toBeLessThan(400);
  });

  it('does not make a card number by cutting', () => {
    const result = parse({ ...full, userId: `${'u '.repeat(24)}${visa}9999` });
    expect(JSON.stringify(result)).toContain('u ****************...');
  });

  it('says so where there are more faults than are listed', () => {
    const unknown = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`x${i}`, 1]));
    const result = parse({ ...full, ...unknown });
    expect(result.ok ? [] : result.faults).toHaveLength(maximumFaults);
    expect(result).toMatchObject({
      faults: expect.arrayContaining([{ pointer: '', detail: 'and more: at most 32 faults are listed' }]),
    });
  });

  it.each([
    ['a text', '"x"'],
    ['a list', '[]'],
    ['null', 'null'],
    ['a number', '1'],
    ['text that is not JSON', '{"transactionId":'],
    ['a duplicate key', '{"userId":"a","userId":"a"}'],
  ])('is not %s', (_, text) => {
    expect(parse(text)).toMatchObject({ ok: false, transactionId: null, faults: [{ pointer: '' }] });
  });

  it('reads no id from one that is not allowed', () => {
    expect(parse({ ...full, transactionId: 'a b', userId: 7 })).toMatchObject({ ok: false, transactionId: null });
  });
});

describe('same content', () => {
  it.each([
    ['another order of keys', JSON.stringify(Object.fromEntries(Object.entries(full).reverse()))],
    ['escapes', JSON.stringify(full).replace('"u_42"', '"\\u0075_42"')],
    ['white space', JSON.stringify(full, null, 2)],
    ['another form of the same address', JSON.stringify(full).replace('2001:DB8:0:0::1', '2001:db8::0001')],
    ['other digits of the same number', JSON.stringify(full).replace('12.97', '12.9700')],
    ['decimals of the same time', JSON.stringify(full).replace('00.000+05:30', '00+05:30')],
  ])('is the same with %s', (_, text) => {
    expect(text).not.toBe(JSON.stringify(full));
    expect(differingField(parsed(full), parsed(text))).toBeNull();
  });

  it.each([
    ['another id', { transactionId: 'x' }, '/transactionId'],
    ['another user', { userId: 'u_43' }, '/userId'],
    ['another account', { accountId: 'a_8' }, '/accountId'],
    ['the same instant at another offset', { occurredAt: '2026-11-20T08:15:00.000Z' }, '/occurredAt'],
    ['another millisecond', { occurredAt: '2026-11-20T13:45:00.001+05:30' }, '/occurredAt'],
    ['another amount', { amountMinor: 129901 }, '/amountMinor'],
    ['another currency', { currency: 'EUR' }, '/currency'],
    ['no channel', { channel: null }, '/channel'],
    ['another device', { deviceId: 'D_9' }, '/deviceId'],
    ['another merchant', { merchantId: 'm_4' }, '/merchantId'],
    ['another category', { merchantCategory: '5412' }, '/merchantCategory'],
    ['another address', { ipAddress: '2001:db8::2' }, '/ipAddress'],
    ['another payee', { beneficiaryId: 'asha@UPI' }, '/beneficiaryId'],
    ['no instrument', { instrumentId: null }, '/instrumentId'],
    ['no place', { location: null }, '/location'],
    ['another longitude', { location: { latitude: 12.97, longitude: 77.6 } }, '/location/longitude'],
    ['no metadata', { metadata: null }, '/metadata'],
    ['another metadata value', { metadata: { k: 'w' } }, '/metadata/k'],
    ['a further metadata pair', { metadata: { k: 'v', l: '' } }, '/metadata/l'],
    ['several fields, of which the first is named', { currency: 'EUR', userId: 'u_43' }, '/userId'],
  ])('differs by %s', (_, change, pointer) => {
    expect(differingField(parsed(full), parsed({ ...full, ...change }))).toBe(pointer);
  });

  it('is the same as itself, and the same in both directions', () => {
    fc.assert(
      fc.property(transactions, transactions, (a, b) => {
        expect(differingField(a, parsed(serializeTransaction(a)))).toBeNull();
        expect(differingField(a, b)).toBe(differingField(b, a));
      }),
    );
  });
});
