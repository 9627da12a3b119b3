import { readFileSync } from 'node:fs';

/** One package of `package-lock.json`, on whatever system it is installed. */
export interface LockedPackage {
  /** Where it is installed, from the repository's root. */
  readonly path: string;
  /** The name by which it is imported, which an alias gives. */
  readonly name: string;
  readonly version: string;
  readonly license: string | undefined;
  /** Only tools and tests need it. */
  readonly isTool: boolean;
  /** `npm ci` goes on where it cannot be installed. */
  readonly isOptional: boolean;
}

interface Lock {
  readonly packages: Readonly<
    Record<string, { readonly version: string; readonly license?: string; readonly dev?: boolean; readonly optional?: boolean }>
  >;
}

export const root = new URL('../../', import.meta.url);

/** Every package of the lock, without the project itself. */
export const lockedPackages = (): LockedPackage[] => {
  const { packages } = JSON.parse(readFileSync(new URL('package-lock.json', root), 'utf8')) as Lock;
  return Object.entries(packages)
    .filter(([path]) => path !== '')
    .map(([path, { version, license, dev = false, optional = false }]) => ({
      path,
      name: path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length),
      version,
      license,
      isTool: dev,
      isOptional: optional,
    }));
};
