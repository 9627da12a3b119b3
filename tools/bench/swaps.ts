import { parseArgs } from 'node:util';
import { runSwaps } from '../../test/support/swapRun.ts';

/**
 * Models swapped while payments are decided: `npm run bench -- swaps [--swaps 100] [--decisions 50000]`. Every decision must name the artefact
 * that scored it and be the same when that artefact decides it again. Exit code 1 if one is not.
 */
const { values } = parseArgs({
  options: { swaps: { type: 'string', default: '100' }, decisions: { type: 'string', default: '50000' } },
});
const [swaps, decisions] = [Number(values.swaps), Number(values.decisions)];
if (!Number.isSafeInteger(swaps) || swaps < 1 || !Number.isSafeInteger(decisions / swaps) || decisions < swaps) {
  console.error(
    `--swaps takes a whole number above 0 and --decisions a multiple of it: ${values.swaps}, ${values.decisions} given`,
  );
  process.exit(2);
}

const run = await runSwaps(swaps, decisions / swaps, (swap) => {
  if (process.stderr.isTTY) process.stderr.write(`\r${swap} of ${swaps} swaps`);
});
if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
const shares = [...run.byVersion].map(([version, count]) => `version ${version}: ${count}`).join(', ');
console.log(`${run.swaps} swaps during ${run.decisions} decisions (${shares})`);
console.log(`${run.misnamed} name another artefact than the one in force, ${run.differing} replay differently`);
if (run.misnamed + run.differing > 0) process.exitCode = 1;
