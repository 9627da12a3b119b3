import { expect, it } from 'vitest';
import { billFaults } from './bill.ts';
import type { LockedPackage } from './lock.ts';

const locked: LockedPackage = {
  ...{ path: 'node_modules/thing', name: 'thing', version: '1.2.3', license: 'MIT', isTool: false, isOptional: false },
};
const component = { name: 'thing', version: '1.2.3', purl: 'pkg:npm/thing@1.2.3', licenses: [{ license: { id: 'MIT' } }] };
const bill = (...components: readonly object[]): string => JSON.stringify({ bomFormat: 'CycloneDX', components });

it.each([
  ['names the package', bill(component), []],
  ['leaves it out', bill(), ['node_modules/thing 1.2.3 is not in the bill']],
  ['names another version', bill({ ...component, version: '1.2.4' }), ['node_modules/thing 1.2.3 is not in the bill']],
  [
    'names no licence',
    bill({ ...component, licenses: [] }),
    ['node_modules/thing is in the bill without its address or licence'],
  ],
  ['is of another format', JSON.stringify({ spdxVersion: 'SPDX-2.3' }), ['the bill is of the format undefined, not CycloneDX']],
])('a bill that %s', (_sentence, text, faults) => {
  expect(billFaults(text, [locked])).toEqual(faults);
});
