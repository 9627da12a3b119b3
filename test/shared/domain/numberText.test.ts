import { describe, expect, test } from 'vitest';
import { decimal, grouped } from '../../../shared/domain/numberText.ts';

describe('a number as people read it', () => {
  test.each([
    ['zero', 0, '0'],
    ['a whole number has no decimals', 42, '42'],
    ['a last zero is left out', 1.5, '1.5'],
    ['a zero before another decimal is kept', 1.05, '1.05'],
    ['a third decimal is rounded away', 2.347, '2.35'],
    ['what rounds to a whole number reads as one', 2.999, '3'],
    ['zeros before the point stay', 100, '100'],
    ['999 has no separator', 999, '999'],
    ['thousands are separated', 1234567.5, '1,234,567.5'],
    ['a number too large for decimals is written with its power', 1e21, '1e+21'],
    ['a negative number has its sign before all', -1234.25, '-1,234.25'],
  ])('%s: %d', (_, value, text) => {
    expect(decimal(value)).toBe(text);
  });
});

test.each([
  ['', ''],
  ['1', '1'],
  ['123', '123'],
  ['1234', '1,234'],
  ['123456', '123,456'],
  ['1234567', '1,234,567'],
])('the digits %j are grouped as %j', (digits, text) => {
  expect(grouped(digits)).toBe(text);
});
