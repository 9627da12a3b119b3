import { describe, expect, test } from 'vitest';
import { bugs } from './bugs.ts';
import { findIn, parsed } from './pattern.ts';
import { changed, placesOf, sourcesOf } from './places.ts';

const bugOf = (find: string, replace: string, more = {}) => ({
  name: 'a bug',
  breaks: 'nothing',
  edits: [{ find, replace, ...more }],
  caughtBy: 'simulation',
});

/** The source with the bug in it. */
const planted = (text: string, find: string, replace: string, more = {}): string =>
  changed(text, placesOf(new Map([['shared/a.ts', text]]), bugOf(find, replace, more)));

describe('a pattern', () => {
  test.each([
    ['whatever the formatting', 'a.b(c,d)', 'a.b(\n  c, // why\n  d,\n)'],
    ['whatever the names of what it leaves open', '$ROW.sequence + 1', 'before.account.sequence + 1'],
    ['whatever the types', 'f(x)', 'f(x!) satisfies Row'],
    ['whatever the parentheses', '(a + b) * c', '((a) + b) * c'],
    ['whatever the order of properties', '{ kind: "put", item: i }', "{ item: i, kind: 'put' }"],
    ['whatever the other properties, when it says so', '{ item: i, ...$REST }', '{ a, item: i, ...b }'],
    ['as a statement', 'if (blocked) return $WHAT;', 'if (blocked)\n  return { ...committed };'],
  ])('is found %s', (_, pattern, code) => {
    expect(
      findIn(parsed('a.ts', `const f = () => { ${pattern.endsWith(';') ? code : `use(${code});`} };`), pattern),
    ).toHaveLength(1);
  });

  test.each([
    ['another operator', 'a < b', 'a <= b'],
    ['another name', 'a.sequence', 'a.position'],
    ['another value', 'f(1)', 'f(2)'],
    ['another literal of text', "f('x')", "f('y')"],
    ['a property that it does not name', '{ item: i }', '{ item: i, kind: 1 }'],
    ['two things where it names one', '$A.from < $A.to', 'a.from < b.to'],
    ['one argument more', 'f(a)', 'f(a, b)'],
  ])('does not fit %s', (_, pattern, code) => {
    expect(findIn(parsed('a.ts', `use(${code});`), pattern)).toEqual([]);
  });

  test('is found inside the function that is named', () => {
    const source = parsed('a.ts', 'function one() { return f(x); }\nconst two = () => f(x);');
    expect(findIn(source, 'f(x)')).toHaveLength(2);
    expect(findIn(source, 'f(x)', 'two')).toHaveLength(1);
  });

  test('is one expression or one statement', () => {
    expect(() => findIn(parsed('a.ts', ''), 'a; b;')).toThrow(/one expression or one statement: a; b;/);
  });
});

describe('a bug', () => {
  test('keeps what the pattern leaves open', () => {
    const text = 'const w = { item: i, condition: c(1), kind: k };';
    expect(planted(text, '{ condition: c($N), ...$REST }', '{ $REST }')).toBe('const w = ({ item: i, kind: k });');
  });

  test('keeps the parentheses of what the pattern leaves open', () => {
    expect(planted('use((a ?? b) * 2);', '$A * 2', '$A * 3')).toBe('use(((a ?? b) * 3));');
  });

  test('has its place refused that is missing or found twice, by the pattern and the files', () => {
    expect(() => planted('f(y);', 'f(x)', '0')).toThrow('found 0 times in shared and functions: f(x)');
    expect(() => planted('f(x); f(x);', 'f(x)', '0')).toThrow(
      'found 2 times in shared and functions: f(x) (shared/a.ts, shared/a.ts)',
    );
  });

  test('is made everywhere when it says so', () => {
    expect(planted('f(x); f(x);', 'f(x)', '0', { isEverywhere: true })).toBe('(0); (0);');
  });
});

test('the place of every planted bug is found in the sources', { timeout: 60_000 }, () => {
  const sources = sourcesOf(new URL('../..', import.meta.url).pathname);
  for (const bug of bugs) expect(() => placesOf(sources, bug), bug.name).not.toThrow();
});
