import type { LockedPackage } from './lock.ts';

interface Bill {
  readonly bomFormat?: unknown;
  readonly components?: readonly {
    readonly name: string;
    readonly version: string;
    readonly purl?: string;
    readonly licenses?: readonly unknown[];
    readonly hashes?: readonly unknown[];
  }[];
}

/** A sentence for each package of the lock that a CycloneDX bill leaves out, or whose origin or licence it does not name. */
export const billFaults = (text: string, packages: readonly LockedPackage[]): string[] => {
  const { bomFormat, components = [] } = JSON.parse(text) as Bill;
  if (bomFormat !== 'CycloneDX') return [`the bill is of the format ${JSON.stringify(bomFormat)}, not CycloneDX`];
  const listed = new Map(components.map((component) => [`${component.name}@${component.version}`, component]));
  return packages.flatMap(({ path, name, version }) => {
    const component = listed.get(`${name}@${version}`);
    if (component === undefined) return [`${path} ${version} is not in the bill`];
    const { purl, licenses = [] } = component;
    return purl !== undefined && licenses.length > 0 ? [] : [`${path} is in the bill without its address or licence`];
  });
};
