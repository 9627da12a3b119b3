import fc from 'fast-check';
import { expect, test } from 'vitest';
import { occurredAtText, type PersonalInputs, personalInputs, personalText } from '../../../shared/domain/audit.ts';

const inputs: PersonalInputs = {
  userId: 'u_42',
  accountId: 'a_7',
  channel: 'upi',
  deviceId: 'd_9',
  merchantId: 'm_3',
  merchantCategory: '5411',
  ipAddress: null,
  beneficiaryId: null,
  instrumentId: null,
  location: { latitude: 12.97, longitude: 77.59 },
  metadata: { b: '2', a: '1', c: '3' },
};

test('the personal inputs are sealed as an array, their pairs in the order of their names', () => {
  expect(personalText(inputs)).toBe('["u_42","a_7","upi","d_9","m_3","5411",[12.97,77.59],[["a","1"],["b","2"],["c","3"]]]');
});

test('the fields that 0.2 brought follow when one of them is given, and change nothing when none is', () => {
  expect(personalText({ ...inputs, location: null, metadata: null, ipAddress: '10.0.0.1', instrumentId: 'card_7' })).toBe(
    '["u_42","a_7","upi","d_9","m_3","5411",null,null,"10.0.0.1",null,"card_7"]',
  );
  expect(personalInputs('["u_42","a_7",null,null,null,null,null,null]')).toMatchObject({
    ipAddress: null,
    beneficiaryId: null,
    instrumentId: null,
  });
});

test('what is absent is null in it', () => {
  const none = { channel: null, deviceId: null, merchantId: null, merchantCategory: null, location: null, metadata: null };
  expect(personalText({ ...inputs, ...none })).toBe('["u_42","a_7",null,null,null,null,null,null]');
});

test('are read back as they were, whatever they are', () => {
  const text = fc.string({ unit: 'grapheme' });
  const degrees = fc.double({ min: -90, max: 90, noNaN: true }).map((value) => value + 0);
  const given: fc.Arbitrary<PersonalInputs> = fc.record({
    userId: text,
    accountId: text,
    channel: fc.option(text),
    deviceId: fc.option(text),
    merchantId: fc.option(text),
    merchantCategory: fc.option(text),
    ipAddress: fc.option(text),
    beneficiaryId: fc.option(text),
    instrumentId: fc.option(text),
    location: fc.option(fc.record({ latitude: degrees, longitude: degrees })),
    metadata: fc.option(fc.dictionary(text, text, { noNullPrototype: true })),
  });
  fc.assert(
    fc.property(given, (one) => {
      expect(personalInputs(personalText(one))).toEqual(one);
    }),
  );
});

test('the time of a payment is written in the offset of its caller', () => {
  const occurredAtMs = Date.UTC(2026, 10, 20, 8, 15);
  expect(occurredAtText({ occurredAtMs, offsetMinutes: 330 })).toBe('2026-11-20T13:45:00.000+05:30');
});
