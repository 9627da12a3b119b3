/**
 * How fast a bundle is verified: `node tools/bench/verify.ts [--entries 1000000] [--chains 10000] [--checkpoints 10]`. Makes the bundle first
 * (that time is printed apart), then verifies it in a process of its own, so that the peak of memory is the verifier's.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type ChainExport, writeBundle } from '../../functions/read/evidence/bundle.ts';
import type { Leaf, StoredCheckpoint } from '../../shared/proof/checkpoint.ts';
import { chainOf, nextCheckpoint, p256Signer } from '../../test/tools/proof/builders.ts';
import { verifyFile } from '../proof/verify.ts';

const help = `Usage: npm run bench -- verify [--entries N] [--chains N] [--checkpoints N]

  --entries N       of the bundle (default 1000000)
  --chains N        they belong to (default 10000)
  --checkpoints N   that cover all but the last tenth (default 10)`;

const { values } = parseArgs({
  options: {
    help: { type: 'boolean' },
    entries: { type: 'string', default: '1000000' },
    chains: { type: 'string', default: '10000' },
    checkpoints: { type: 'string', default: '10' },
    verify: { type: 'string' },
  },
});

if (values.help) {
  console.log(help);
  process.exit(0);
}
if (values.verify !== undefined) {
  const startedMs = performance.now();
  const { verdict, entries, uncoveredEntries } = await verifyFile(values.verify);
  const seconds = (performance.now() - startedMs) / 1000;
  const { user, system } = process.cpuUsage();
  const peakMb = process.resourceUsage().maxRSS / 1024;
  console.log(
    `${verdict}: ${entries} entries (${uncoveredEntries} after the last checkpoint) in ${seconds.toFixed(1)} s (processor time of all threads ${((user + system) / 1e6).toFixed(1)} s), peak ${peakMb.toFixed(0)} MB`,
  );
} else {
  const directory = mkdtempSync(join(tmpdir(), 'aegis-verify-'));
  try {
    const path = join(directory, 'bundle.jsonl.gz');
    const startedMs = performance.now();
    await makeBundle(path, Number(values.entries), Number(values.chains), Number(values.checkpoints));
    const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
    console.log(`made a bundle of ${(statSync(path).size / 2 ** 20).toFixed(0)} MB in ${seconds} s`);
    process.stdout.write(execFileSync(process.execPath, [import.meta.filename, '--verify', path]));
  } finally {
    rmSync(directory, { recursive: true });
  }
}

async function makeBundle(path: string, entryCount: number, chainCount: number, checkpointCount: number): Promise<void> {
  const signer = p256Signer();
  const perChain = Math.floor(entryCount / chainCount);
  const names = Array.from({ length: chainCount }, (_, i) => `chain-${String(i).padStart(8, '0')}`);
  const rounds: Leaf[][] = Array.from({ length: checkpointCount }, () => []);
  for (const chain of names) {
    const entries = chainOf(chain, perChain);
    for (const [k, leaves] of rounds.entries()) {
      const sequence = Math.floor(((k + 1) * perChain) / (checkpointCount + 1));
      leaves.push({ chain, sequence, head: entries[sequence - 1]!.hash });
    }
  }
  const checkpoints: StoredCheckpoint[] = [];
  for (const leaves of rounds) checkpoints.push(await nextCheckpoint(checkpoints.at(-1) ?? null, leaves, signer));
  await writeBundle(path, {
    exportedAt: '2026-11-21T00:00:00.000Z',
    scope: { kind: 'range', from: null, to: null },
    publicKey: signer.publicKey,
    checkpoints,
    policies: [],
    models: [],
    chains: exports(names, perChain),
  });
}

function* exports(names: readonly string[], perChain: number): Generator<ChainExport> {
  for (const chain of names) yield { chain, first: 1, entries: chainOf(chain, perChain) };
}
