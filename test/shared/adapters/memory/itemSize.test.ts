import { describe, expect, it } from 'vitest';
import { itemSizeBytes } from '../../../../shared/adapters/memory/itemSize.ts';
import { memoryTable } from '../../../../shared/adapters/memory/table.ts';
import type { Attribute } from '../../../../shared/ports/ports.ts';

/** What pk and sk with one character each take: names 2 + 2, values 1 + 1. */
const keyBytes = 6;

describe('the size of an item', () => {
  it.each<[string, Attribute, number]>([
    ['a text by its UTF-8 bytes', 'é漢😀', 2 + 3 + 4],
    ['bytes raw', new Uint8Array(5), 5],
    ['zero', 0, 1],
    ['one digit', 7, 2],
    ['two digits', 42, 2],
    ['three digits', 421, 3],
    ['trailing zeros as nothing', 4_200_000, 2],
    ['a minus sign', -42, 3],
    ['sixteen digits', 9_007_199_254_740_991, 9],
    ['digits before and after the point apart', 1.5, 3],
    ['leading zeros as nothing', 0.0042, 2],
    ['a boolean', true, 1],
    ['null', null, 1],
    ['an empty list', [], 3],
    ['a list with one byte for each element', ['a', true], 3 + 1 + 1 + 1 + 1],
    ['a map with its names', { ab: 'c' }, 3 + 1 + 2 + 1],
  ])('counts %s', (_, value, bytes) => {
    expect(itemSizeBytes({ pk: 'p', sk: 's', v: value })).toBe(keyBytes + 1 + bytes);
  });
});

describe('the memory table', () => {
  it('hands out items that nobody can change', async () => {
    const table = memoryTable();
    await table.put({ pk: 'p', sk: 's', list: [{ deep: 1 }] });
    const item = (await table.get({ pk: 'p', sk: 's' }))!;
    expect(Object.isFrozen(item)).toBe(true);
    expect(Object.isFrozen((item.list as readonly object[])[0])).toBe(true);
  });
});
