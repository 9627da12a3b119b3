import fc from 'fast-check';
import { expect, test } from 'vitest';
import { round4, round16 } from '../../../shared/domain/round.ts';

test.each([
  ['keeps 4 decimals', 1.2345, 1.2345],
  ['rounds up above a half', 1.23456, 1.2346],
  ['rounds down below a half', 1.23454, 1.2345],
  ['a half goes to the even above', 0.09375, 0.0938],
  ['a half goes to the even below', 0.03125, 0.0312],
  ['far less than a step goes to nothing', 2 ** -20, 0],
  ['a negative half goes to the even', -0.03125, -0.0312],
  ['a negative half goes down to the even', -0.09375, -0.0938],
  ['a tiny negative is 0 and not -0', -0.00001, 0],
  ['-0 is 0', -0, 0],
  ['a whole number stays', 50, 50],
  ['a large number stays', 2 ** 52, 2 ** 52],
])('%s', (_, value, rounded) => {
  expect(round4(value)).toBe(rounded);
});

test('moves nothing by more than half a step, and what is rounded stays', () => {
  fc.assert(
    fc.property(fc.double({ min: -1e6, max: 1e6, noNaN: true }), (value) => {
      const rounded = round4(value);
      expect(Math.abs(rounded - value)).toBeLessThanOrEqual(0.00005 + 1e-9);
      expect(round4(rounded)).toBe(rounded);
    }),
  );
});

test('16 significant bits move nothing by more than half of the last, stay when rounded again, and end in a zero byte', () => {
  fc.assert(
    fc.property(fc.double({ min: -1e9, max: 1e9, noNaN: true }), (value) => {
      const rounded = round16(value);
      expect(Math.abs(rounded - value)).toBeLessThanOrEqual(Math.abs(value) * 2 ** -16 + 2 ** -120);
      expect(round16(rounded)).toBe(rounded);
      const view = new DataView(new ArrayBuffer(4));
      view.setFloat32(0, rounded);
      expect(view.getUint8(3)).toBe(0);
    }),
  );
});
