import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it, test } from 'vitest';

/** What the pages on operations and security promise stands beside the test that shows it, or is called unproved. */
const root = new URL('../../', import.meta.url);
const read = (name: string): string => readFileSync(new URL(name, root), 'utf8');
const operations = read('docs/operations.md');
const security = read('docs/security.md');
const { scripts } = JSON.parse(read('package.json')) as { readonly scripts: Readonly<Record<string, string>> };

const testsIn = (text: string): string[] => [...text.matchAll(/`(test\/[^`\s]+)`/g)].map(([, path]) => path!);
const commandsIn = (text: string): string[] => [...text.matchAll(/`npm run ([\w:-]+)[^`]*`/g)].map(([, script]) => script!);
const proofs = /^(bench|demo|sbom|synth|test:.+)$/;

const isProved = (text: string): boolean =>
  testsIn(text).length > 0 || commandsIn(text).some((script) => proofs.test(script)) || /\bunproved\b/.test(text);

/** Headings with the text up to the next heading, whatever their levels. */
const sectionsOf = (page: string): { readonly level: number; readonly name: string; readonly text: string }[] =>
  page
    .split(/^(?=#{2,3} )/m)
    .slice(1)
    .map((section) => {
      const [, marks, name] = /^(#+) (.*)/.exec(section)!;
      return { level: marks!.length, name: name!, text: section.slice(section.indexOf('\n')) };
    });

describe.each([
  ['docs/operations.md', operations],
  ['docs/security.md', security],
])('%s', (_page, text) => {
  it('names only tests that there are', () => {
    expect(testsIn(text).filter((path) => !existsSync(new URL(path, root)))).toEqual([]);
  });
  it('names only commands that there are', () => {
    expect(commandsIn(text).filter((script) => scripts[script] === undefined)).toEqual([]);
  });
});

test('every section of docs/operations.md names a test or says what is unproved; the runbooks do so together', () => {
  const sections = sectionsOf(operations).filter(({ text }) => text.trim() !== '');
  const runbooks = sections.findIndex(({ name }) => name === 'Runbooks');
  expect(runbooks).toBeGreaterThan(0);
  const own = sections.filter(({ level }, at) => at <= runbooks || level === 2);
  expect(own.filter(({ text }) => !isProved(text)).map(({ name }) => name)).toEqual([]);
});

test('every row of docs/security.md names a test, a page that does, or says what is unproved', () => {
  const rows = security.split('\n').filter((line) => line.startsWith('| ') && !line.startsWith('| who |'));
  expect(rows.length).toBeGreaterThan(40);
  const unproved = rows.filter((row) => {
    const cells = row.slice(2, -2).split(' | ');
    return cells.length !== 4 || !(isProved(cells[3]!) || /\]\(operations\.md#[\w-]+\)/.test(cells[3]!));
  });
  expect(unproved).toEqual([]);
});
