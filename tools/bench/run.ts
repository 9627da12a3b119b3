import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

/** `npm run bench`: every measurement by its name; without one, the list. */
const folder = import.meta.dirname;
const [name, ...rest] = process.argv.slice(2);
const about: Readonly<Record<string, string>> = {
  cold: 'process start to first answer of each function, bundles beside a bare SDK bundle',
  decide: 'a whole decision in one process; 3,000 payments a day beside 100; windows beside query and reduce',
  kill: 'the local stack killed under load, again and again: nothing lost, nothing double',
  erase: 'a byte search for erased people over every table, queue, bucket and export',
  live: 'what aegis verify --live costs for a million entries',
  merkle: 'random trees whose every proof must be accepted, and mutated proofs that must not',
  outage: 'the table away for minutes under a running local stack: nothing among the dead letters, lost or double',
  quality: 'detection quality on labelled sets (needs AEGIS_DATA_DIR)',
  rebuild: 'what restoring a lost day costs once the table is large',
  replay: 'decisions replayed to the same bytes',
  scale: 'the published ramps and limits of the services, from 1 to 50,000 a second',
  score: 'scoring one row by the forest; --with-peers beside scikit-learn',
  soak: 'memory, losses, doubles and alarms over many decisions through the local stack; the backlog of an outage',
  stack: 'payments through the local stack beside the emulator alone',
  swaps: '100 model swaps during 50,000 decisions: each names its artefact and replays identically',
  sync: 'the synchronous route beside a bare transaction',
  tamper: 'changes to an exported log and to the stores of a deployment that the verifier must find',
  verify: 'entries verified a second',
  year: 'every job against a stack of a day, a month and a year: calls, bytes, memory, time on AWS',
  windows: 'a million window steps against brute force',
};
const known = Object.keys(about).filter((one) => readdirSync(folder).includes(`${one}.ts`));

if (name === undefined || name === '--help' || !known.includes(name)) {
  if (name !== undefined && name !== '--help') console.error(`There is no measurement called ${name}.`);
  console.log('Usage: npm run bench -- NAME [options]   (NAME --help lists them)\n');
  for (const one of known) console.log(`  ${one.padEnd(10)} ${about[one]}`);
  process.exit(name === undefined || name === '--help' ? 0 : 2);
}
const { status } = spawnSync(process.execPath, [join(folder, `${name}.ts`), ...rest], { stdio: 'inherit' });
process.exit(status ?? 1);
