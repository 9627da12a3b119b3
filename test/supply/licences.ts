import type { LockedPackage } from './lock.ts';

/** SPDX names of the licences that what is shipped may be under: none asks for more than its notice. */
export const shippedLicences: readonly string[] = [
  'Apache-2.0',
  'MIT',
  'ISC',
  '0BSD',
  'BSD-3-Clause',
  'BlueOak-1.0.0',
  'Unlicense',
];

/** What tools and tests may be under besides, since nobody is given them: they bind whoever hands on their own files. */
const toolLicences: readonly string[] = [...shippedLicences, 'MPL-2.0', 'CC-BY-4.0', 'Python-2.0'];

/** Development packages that are shipped nevertheless: the console's page holds them. `test/console` builds it. */
export const shippedByConsole: readonly string[] = ['preact', 'uplot'];

/** A sentence for each package under a licence that is not allowed, that is not named, or in a form that is not understood. */
export const licenceFaults = (packages: readonly LockedPackage[]): string[] =>
  packages.flatMap(({ path, name, license, isTool }) => {
    const allowed = isTool && !shippedByConsole.includes(name) ? toolLicences : shippedLicences;
    if (license !== undefined && isAllowed(license, allowed)) return [];
    return [`${path}: licence ${license ?? 'not named'}, allowed: ${allowed.join(', ')}`];
  });

/** Whether one may choose so that only allowed licences bind. An expression with inner brackets or exceptions is not understood. */
const isAllowed = (expression: string, allowed: readonly string[]): boolean => {
  const bare = /^\((.*)\)$/.exec(expression)?.[1] ?? expression;
  return bare.split(' OR ').some((choice) => choice.split(' AND ').every((name) => allowed.includes(name)));
};
