import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { sourceFiles, textOf } from '../../tools/architecture/sources.ts';
import { licenceFaults, shippedByConsole } from './licences.ts';
import { type LockedPackage, lockedPackages, root } from './lock.ts';

const locked = lockedPackages();

it('every package of the lock is under an allowed licence', () => {
  expect(locked.length).toBeGreaterThan(100);
  expect(licenceFaults(locked)).toEqual([]);
});

it('every installed package names the licence that the lock names', () => {
  const installed = locked.filter(({ path }) => existsSync(new URL(`${path}/package.json`, root)));
  expect(installed.length).toBeGreaterThan(100);
  const others = installed.flatMap(({ path, license }) => {
    const named: unknown = JSON.parse(readFileSync(new URL(`${path}/package.json`, root), 'utf8')).license;
    return named === license ? [] : [`${path} names ${JSON.stringify(named)}, the lock ${license}`];
  });
  expect(others).toEqual([]);
});

it('a development package that the console imports counts as shipped', () => {
  const imported = sourceFiles
    .filter((file) => file.startsWith('console/src/'))
    .flatMap((file) => [...textOf(file).matchAll(/(?:from|import) '((?:@[^/']+\/)?[^./'][^/']*)/g)].map(([, name]) => name!));
  const tools = locked.filter(({ path, name, isTool }) => isTool && path === `node_modules/${name}`).map(({ name }) => name);
  expect(tools.filter((name) => imported.includes(name)).sort()).toEqual(shippedByConsole);
});

describe('a package', () => {
  const given = (license: string | undefined, isTool = false, name = 'thing'): LockedPackage => ({
    ...{ path: `node_modules/${name}`, name, version: '1.0.0', license, isTool, isOptional: false },
  });
  it.each([
    ['under an allowed licence passes', given('MIT'), true],
    ['that leaves the choice of an allowed one passes', given('(MIT OR GPL-3.0-or-later)'), true],
    ['that is under two allowed ones passes', given('MIT AND ISC'), true],
    ['that is under an allowed one and another fails', given('MIT AND GPL-3.0-or-later'), false],
    ['that leaves the choice between others fails', given('GPL-2.0-only OR GPL-3.0-only'), false],
    ['under a copyleft licence fails', given('AGPL-3.0-only'), false],
    ['that names no licence fails', given(undefined), false],
    ['with a licence in a file fails', given('SEE LICENSE IN LICENSE.md'), false],
    ['with an exception fails', given('GPL-2.0-only WITH Classpath-exception-2.0'), false],
    ['with inner brackets fails', given('(MIT OR (ISC AND GPL-3.0-only)) AND Proprietary'), false],
    ['that binds its own files fails where it is shipped', given('MPL-2.0'), false],
    ['that binds its own files passes as a tool', given('MPL-2.0', true), true],
    ['that the console ships is no tool', given('MPL-2.0', true, 'preact'), false],
  ])('%s', (_sentence, one, passes) => {
    const faults = licenceFaults([one]);
    expect(faults).toEqual(passes ? [] : [expect.stringContaining(`${one.path}: licence ${one.license ?? 'not named'}`)]);
  });
});
