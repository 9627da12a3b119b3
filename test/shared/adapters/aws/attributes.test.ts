import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { describe, expect, it } from 'vitest';
import { fromWire, toWire, toWireItem } from '../../../../shared/adapters/aws/attributes.ts';
import type { Attribute } from '../../../../shared/ports/ports.ts';

describe('an attribute in DynamoDB JSON', () => {
  it.each<[string, Attribute]>([
    ['a text', 'é'],
    ['an empty text', ''],
    ['a whole number', 9_007_199_254_740_991],
    ['a fraction', -0.1],
    ['a small fraction', 1e-7],
    ['yes', true],
    ['no', false],
    ['null', null],
    ['a list', ['a', 1, null, ['b']]],
    ['a map', { a: 1, b: { c: 'd' } }],
    ['bytes', Uint8Array.of(0, 1, 254, 255)],
    ['bytes that are part of a buffer', Buffer.from('abcdef').subarray(2, 4)],
    ['no bytes', new Uint8Array(0)],
  ])('is %s as the official library writes and reads it', (_, value) => {
    const official = marshall({ value }) as Record<string, { B?: Uint8Array }>;
    const bytes = official.value!.B;
    expect(toWire(value)).toEqual(bytes === undefined ? official.value : { B: Buffer.from(bytes).toString('base64') });
    expect(fromWire(toWire(value))).toEqual(
      value instanceof Uint8Array ? new Uint8Array(value) : unmarshall(official as never).value,
    );
  });

  it.each<[string, unknown, typeof Error]>([
    ['a number beyond 2^53-1', 2 ** 53, RangeError],
    ['NaN', Number.NaN, RangeError],
    ['infinity', Number.POSITIVE_INFINITY, RangeError],
    ['undefined', undefined, TypeError],
    ['a function', () => 1, TypeError],
    ['a bigint', 1n, TypeError],
  ])('is never %s', (_, value, error) => {
    expect(() => toWireItem({ value: value as Attribute })).toThrow(error);
  });

  it('is never read as something else when its kind is not written here', () => {
    expect(() => fromWire({ SS: ['a'] })).toThrow('an attribute of the kind SS is not known');
    expect(() => fromWire({ N: '9007199254740993' })).toThrow(RangeError);
  });
});
