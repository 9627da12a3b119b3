import { describe, expect, test } from 'vitest';
import { text, unsigned } from '../../../shared/domain/codecs.ts';
import { causes } from '../../../shared/domain/decision.ts';
import { featureNames } from '../../../shared/domain/features.ts';
import { type Counts, fieldsOf, type Names } from '../../../shared/domain/fields.ts';
import { knownLayout, knownNames } from '../../../shared/domain/knownNames.ts';
import { DamagedRow, firstCounts, NewerRow, packRow, type RowFormat, unpackRow } from '../../../shared/domain/rowFormat.ts';
import { signalNames } from '../../../shared/domain/signals/names.ts';

interface Row {
  readonly name: string;
  readonly added: number;
  readonly needs: Partial<Counts>;
}

const of = fieldsOf<Row>();
const first = [of.field('name', text)];
const formatWith = (fields: RowFormat<Row>['fields']): RowFormat<Row> => ({
  kind: 'sample',
  fields,
  counts: ({ needs }) => ({ signals: 0, features: 0, causes: 0, ...needs }),
});
const sample = formatWith(first);
const later = formatWith([...first, of.since(4, 'added', unsigned, 0)]);
const row: Row = { name: 'a', added: 0, needs: {} };
const many: Names = {
  signals: Array.from({ length: 14 }, (_, i) => `S${i}`),
  features: Array.from({ length: 30 }, (_, i) => `F${i}`),
  causes: Array.from({ length: 9 }, (_, i) => `C${i}`),
};
const packed = (format: RowFormat<Row>, given: Partial<Row>): number[] => Array.from(packRow(format, { ...row, ...given }, many));
const unpacked = (format: RowFormat<Row>, bytes: readonly number[], names = many): unknown =>
  unpackRow(format, Uint8Array.from(bytes), names, 'X / y');

test('format 1 means the lists of 0.1, whatever is appended to them', () => {
  expect(firstCounts).toEqual({ signals: 9, features: 25, causes: 7 });
  expect([signalNames[8], featureNames[24], causes[6]]).toEqual(['ANOMALY', 'merchantRiskLong', 'RULE_FAILED']);
  expect(knownNames).toEqual({ signals: signalNames, features: featureNames, causes });
  const counts = { signals: signalNames.length, features: featureNames.length, causes: causes.length };
  expect(knownLayout).toEqual({ format: 1, counts, names: knownNames });
});

describe('a row', () => {
  test.each<[string, Partial<Row>, number[]]>([
    ['nothing beyond 0.1', {}, [1, 1, 97]],
    ['all of the lists of 0.1', { needs: { signals: 9, features: 25, causes: 7 } }, [1, 1, 97]],
    ['one signal more', { needs: { signals: 10 } }, [2, 10, 0, 0, 1, 97]],
    ['one feature more', { needs: { features: 26 } }, [2, 0, 26, 0, 1, 97]],
    ['one cause more', { needs: { causes: 8 } }, [2, 0, 0, 8, 1, 97]],
  ])('that refers to %s is written in the first format that holds it', (_, given, bytes) => {
    expect(packed(sample, given)).toEqual(bytes);
    expect(unpacked(sample, bytes)).toEqual({ name: 'a' });
  });

  test('with a field of a later format states that format and its counts', () => {
    expect(packed(later, { added: 5 })).toEqual([4, 0, 0, 0, 1, 97, 5]);
    expect(unpacked(later, [4, 0, 0, 0, 1, 97, 5])).toEqual({ name: 'a', added: 5 });
    expect(unpacked(later, [3, 0, 0, 0, 1, 97])).toEqual({ name: 'a', added: 0 });
    expect(packed(later, {})).toEqual([1, 1, 97]);
  });

  test('reads into what stands beside its bytes', () => {
    expect(unpackRow(sample, Uint8Array.of(1, 1, 97), many, '', { added: 3 })).toEqual({ name: 'a', added: 3 });
  });
});

describe('a row that cannot be read', () => {
  test.each<[string, RowFormat<Row>, number[], string]>([
    ['a newer format', sample, [3, 0], 'the sample X / y is in format 3; this version reads formats up to 2'],
    ['a newer format than its table has', later, [5, 0], 'the sample X / y is in format 5; this version reads formats up to 4'],
    [
      'more signals',
      sample,
      [2, 15, 0, 0],
      'the sample X / y is in format 2 and refers to 15 signals, of which 14 are known; this version reads formats up to 2',
    ],
    ['more features', sample, [2, 0, 31, 0], 'refers to 31 features, of which 30 are known'],
    ['more causes', sample, [2, 0, 0, 10], 'refers to 10 causes, of which 9 are known'],
  ])('for %s is refused by its name, not as damage', (_, format, bytes, message) => {
    expect(() => unpacked(format, bytes)).toThrow(NewerRow);
    expect(() => unpacked(format, bytes)).toThrow(message);
  });

  test('says what it is, its format and the newest format known', () => {
    const error = new NewerRow('sample X / y', 7, 4, '');
    expect(error).toMatchObject({ name: 'NewerRow', row: 'sample X / y', format: 7, newestKnown: 4 });
    expect(error).toBeInstanceOf(RangeError);
  });

  test.each<[string, number[], string]>([
    ['no byte', [], 'the sample X / y is damaged: the bytes end too early'],
    ['a format that never was', [0, 1, 97], 'the sample X / y is damaged: there is no format 0'],
    ['a byte too many', [1, 1, 97, 0], 'the sample X / y is damaged: it is longer than it says'],
    ['a cut field', [1, 2, 97], 'the sample X / y is damaged: the bytes end too early'],
  ])('for %s is damaged', (_, bytes, message) => {
    expect(() => unpacked(sample, bytes)).toThrow(DamagedRow);
    expect(() => unpacked(sample, bytes)).toThrow(message);
  });

  test('keeps the cause, and a JSON fault is damage too', () => {
    const failing = (error: Error): RowFormat<Row> =>
      formatWith([
        {
          write: () => undefined,
          read: () => {
            throw error;
          },
        },
      ]);
    const fault = new SyntaxError('no JSON');
    expect(() => unpacked(failing(fault), [1])).toThrow(expect.objectContaining({ name: 'DamagedRow', cause: fault }));
    const inner = new NewerRow('inner', 9, 2, '');
    expect(() => unpacked(failing(inner), [1])).toThrow(inner);
    expect(() => unpacked(failing(new TypeError('a bug')), [1])).toThrow(new TypeError('a bug'));
  });

  test('is named without a key where it has none', () => {
    expect(() => unpackRow(sample, Uint8Array.of(9), many, '')).toThrow('the sample is in format 9');
  });
});
