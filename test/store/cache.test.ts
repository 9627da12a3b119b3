import { describe, expect, test } from 'vitest';
import { boundedMap, cache, onePer } from '../../shared/store/cache.ts';

/** A loader that counts, and gives `name 1`, `name 2`... */
const counting = (name: string) => {
  let loads = 0;
  return async () => `${name} ${++loads}`;
};

describe('a cache', () => {
  test.each([
    ['keeps a value for the last millisecond but one of its time', 999, 'a 1'],
    ['loads it again when its time is over', 1_000, 'a 2'],
    ['loads it again when the clock was set back by more than its time', -1_001, 'a 2'],
    ['keeps it when the clock was set back a little', -1, 'a 1'],
  ])('%s', async (_, laterMs, expected) => {
    for (const startMs of [2_000, Date.UTC(2026, 10, 20)]) {
      const values = cache<string>({ max: 10, ttlMs: 1_000 });
      const load = counting('a');
      await values.get('a', startMs, load);
      expect(await values.get('a', startMs + laterMs, load), `from ${startMs}`).toBe(expected);
    }
  });

  test('counts from the time 0 as from any other', async () => {
    const values = cache<string>({ max: 10, ttlMs: 1_000 });
    const load = counting('a');
    await values.get('a', 0, load);
    expect([await values.get('a', 999, load), await values.get('a', 1_000, load)]).toEqual(['a 1', 'a 2']);
  });

  test('without a time keeps a value until it is displaced', async () => {
    const values = cache<string>({ max: 2, ttlMs: null });
    const load = counting('a');
    await values.get('a', 0, load);
    expect(await values.get('a', Number.MAX_SAFE_INTEGER, load)).toBe('a 1');
    await values.get('b', 0, counting('b'));
    await values.get('a', 0, load);
    await values.get('c', 0, counting('c'));
    expect(await values.get('a', 0, load)).toBe('a 1');
    expect(await values.get('b', 0, counting('again'))).toBe('again 1');
  });

  test('keeps some values for a shorter time, counted from the start of their loading', async () => {
    const values = cache<string>({ max: 10, ttlMs: 1_000, ttlMsOf: (value) => (value.startsWith('short') ? 100 : 1_000) });
    const short = counting('short');
    const long = counting('long');
    await values.get('s', 5, short);
    await values.get('l', 5, long);
    expect([await values.get('s', 104, short), await values.get('l', 104, long)]).toEqual(['short 1', 'long 1']);
    expect([await values.get('s', 105, short), await values.get('l', 105, long)]).toEqual(['short 2', 'long 1']);
  });

  test('loads once for callers that ask at the same time', async () => {
    const values = cache<string>({ max: 10, ttlMs: 1_000 });
    const load = counting('a');
    expect(await Promise.all([values.get('a', 0, load), values.get('a', 1, load)])).toEqual(['a 1', 'a 1']);
  });

  test('keeps no failure, and rejects for everyone who waited for it', async () => {
    const values = cache<string>({ max: 10, ttlMs: 1_000 });
    const fail = () => Promise.reject(new Error('no store'));
    const both = await Promise.allSettled([values.get('a', 0, fail), values.get('a', 0, counting('a'))]);
    expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(await values.get('a', 0, counting('a'))).toBe('a 1');
  });

  test('leaves a value alone that replaced the one that failed', async () => {
    const values = cache<string>({ max: 10, ttlMs: 1_000 });
    const { promise, reject } = Promise.withResolvers<string>();
    const failing = values.get('a', 0, () => promise);
    values.delete('a');
    await values.get('a', 0, counting('a'));
    reject(new Error('too late'));
    await expect(failing).rejects.toThrow('too late');
    expect(await values.get('a', 0, counting('other'))).toBe('a 1');
  });

  test('loads anew what was deleted', async () => {
    const values = cache<string>({ max: 10, ttlMs: 1_000 });
    const load = counting('a');
    await values.get('a', 0, load);
    values.delete('a');
    expect(await values.get('a', 0, load)).toBe('a 2');
  });
});

test('a bounded map forgets what was used longest ago', () => {
  const map = boundedMap<{ n: number }>(2);
  map.set('a', { n: 1 });
  map.set('b', { n: 2 });
  map.get('a');
  map.set('c', { n: 3 });
  expect(['a', 'b', 'c'].map((key) => map.get(key)?.n)).toEqual([1, undefined, 3]);
});

test('one thing is made for each owner', () => {
  const thingOf = onePer((owner: { readonly name: string }) => ({ owner }));
  const [a, b] = [{ name: 'a' }, { name: 'b' }];
  expect(thingOf(a)).toBe(thingOf(a));
  expect(thingOf(a)).not.toBe(thingOf(b));
  expect(thingOf(b).owner).toBe(b);
});
