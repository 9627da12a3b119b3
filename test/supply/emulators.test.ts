import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { lockedPackages, root } from './lock.ts';

/** The emulators serve this machine alone. `test/infra/bundlePackages.test.ts` shows that no function holds them. */
const { private: isPrivate, dependencies } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as {
  readonly private?: boolean;
  readonly dependencies: Readonly<Record<string, string>>;
};
const emulators = lockedPackages().filter(({ name }) => name === 'fauxqs' || name.startsWith('@dynoxide/'));

it('both emulators are in the lock', () => {
  expect(emulators.map(({ name }) => name).sort()).toEqual(['@dynoxide/linux-x64', 'fauxqs']);
});

describe.each(emulators)('$name', ({ name, isTool, isOptional }) => {
  it('is no dependency of the project, which is not published at all', () => {
    expect(Object.keys(dependencies)).not.toContain(name);
    expect(isPrivate).toBe(true);
  });

  it('is a tool, or optional so that npm ci works on systems for which it is not made', () => {
    expect(isTool || isOptional).toBe(true);
  });
});

it('what is made for one system alone is optional', () => {
  const { packages } = JSON.parse(readFileSync(new URL('package-lock.json', root), 'utf8')) as {
    readonly packages: Readonly<Record<string, { readonly os?: readonly string[]; readonly optional?: boolean }>>;
  };
  const bound = Object.entries(packages).filter(([, { os }]) => os !== undefined);
  expect(bound.length).toBeGreaterThan(1);
  expect(bound.filter(([, { optional }]) => optional !== true).map(([path]) => path)).toEqual([]);
});
