import { describe, expect, it } from 'vitest';
import { boundedBySize } from '../../../shared/store/cache.ts';

describe('a map that is bounded by size', () => {
  const sized = () => boundedBySize<{ readonly size: number }>(100, 10, ({ size }) => size);

  it('lets go of the longest unused until the rest fits', () => {
    const map = sized();
    for (const name of ['a', 'b', 'c']) map.set(name, { size: 3 });
    map.get('a');
    map.set('d', { size: 4 });
    expect([...map.keys()].sort()).toEqual(['a', 'c', 'd']);
  });

  it('keeps nothing that is larger by itself', () => {
    const map = sized();
    map.set('a', { size: 11 });
    expect([...map.keys()]).toEqual([]);
  });

  it('counts what is empty as one, so that its number is bounded too', () => {
    const map = sized();
    for (let i = 0; i < 20; i++) map.set(String(i), { size: 0 });
    expect(map.size).toBe(10);
  });
});

it('a thousand tenants with the longest lists keep a million entries in memory, not ten million', () => {
  const map = boundedBySize<{ readonly count: number }>(2_000, 1_000_000, ({ count }) => count);
  for (let tenant = 0; tenant < 1_000; tenant++) map.set(`t${tenant} blocked`, { count: 10_000 });
  expect(map.calculatedSize).toBe(1_000_000);
});
