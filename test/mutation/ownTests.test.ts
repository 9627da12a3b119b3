import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { filesWithCode, ownTestsOf, pathOf, root } from './ownTests.ts';

/** Every file that a file loads, itself included, added to `reached`. */
function loadedBy(file: string, reached = new Set<string>()): ReadonlySet<string> {
  if (reached.has(file)) return reached;
  reached.add(file);
  for (const [, name] of readFileSync(join(root, file), 'utf8').matchAll(
    /^(?:import|export) (?!type )[^']*?from '(\.[^']+\.ts)'/gm,
  ))
    loadedBy(join(dirname(file), name!), reached);
  return reached;
}

test('every file of the domain that holds code has tests of its own', async () => {
  const names = await filesWithCode();
  expect(names.length).toBeGreaterThan(30);
  for (const name of names) {
    expect(ownTestsOf(name), name).not.toEqual([]);
    for (const path of ownTestsOf(name)) expect(loadedBy(path), `${path} loads it`).toContain(pathOf(name));
  }
});

test('files of types alone are left out, files in folders are not', async () => {
  const names = await filesWithCode();
  expect(names).not.toContain('transaction');
  expect(names).toContain('signals/unusualHour');
});

test('the test that mirrors the path comes first, the further ones follow', () => {
  expect(ownTestsOf('signals/unusualHour')).toEqual(['test/shared/domain/signals/unusualHour.test.ts']);
  expect(ownTestsOf('boosted')).toEqual(['test/shared/domain/learned.test.ts']);
});

test('a file without tests is an error that names it', () => {
  expect(() => ownTestsOf('nowhere')).toThrow(
    'shared/domain/nowhere.ts has no tests of its own: neither test/shared/domain/nowhere.test.ts',
  );
});
