import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

interface Lock {
  readonly packages: Readonly<
    Record<
      string,
      {
        readonly optionalDependencies?: Readonly<Record<string, string>>;
        readonly integrity?: string;
        /** It comes inside the package that needs it, whose hash holds for it too. */
        readonly inBundle?: boolean;
      }
    >
  >;
}

it('has an entry for every optional package that its packages name: npm ci refuses a lock that lacks one', () => {
  const { packages } = JSON.parse(readFileSync(new URL('../package-lock.json', import.meta.url), 'utf8')) as Lock;
  const there = new Set(
    Object.keys(packages).map((path) => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)),
  );
  const lacking = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies)
      .filter((name) => !there.has(name))
      .map((name) => `${path} names ${name}: take it out of the lock where the registry in use does not have it`),
  );
  expect(lacking).toEqual([]);
});

it('pins every package by its SHA-512', () => {
  const { packages } = JSON.parse(readFileSync(new URL('../package-lock.json', import.meta.url), 'utf8')) as Lock;
  const bare = Object.entries(packages).filter(
    ([path, { integrity, inBundle }]) => path !== '' && inBundle !== true && !integrity?.startsWith('sha512-'),
  );
  expect(bare.map(([path]) => path)).toEqual([]);
});
