import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { billFaults } from './bill.ts';
import { lockedPackages, root } from './lock.ts';

/**
 * `npm run sbom`: writes the software bill of materials (CycloneDX) of all packages of the lock, those of other systems included, as npm makes it.
 * Ends with 1 when npm cannot, or when the bill leaves a package out.
 */
const folder = new URL('reports/', root);
const file = new URL('sbom.cdx.json', folder);
const billBytesMax = 64 * 1024 * 1024;

const { status, stdout, stderr, error } = spawnSync(
  'npm',
  ['sbom', '--sbom-format', 'cyclonedx', '--sbom-type', 'application', '--package-lock-only'],
  { cwd: root, encoding: 'utf8', maxBuffer: billBytesMax },
);
if (error) throw error;
if (status !== 0) throw new Error(`npm sbom ended with ${status}: ${stderr.trim()}`);

const packages = lockedPackages();
const faults = billFaults(stdout, packages);
for (const fault of faults) console.error(fault);
if (faults.length > 0) process.exitCode = 1;
else {
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, stdout);
  console.log(`${packages.length} installed places of packages: ${fileURLToPath(file)}`);
}
