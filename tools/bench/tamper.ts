/**
 * The tamper test at full size: `node tools/bench/tamper.ts [--scale 1]`. Prints what was done to a log of 10,000 entries and to the stores of
 * small deployments, and what the verifier found; exit code 1 when something owed was missed or something clean accused.
 */
import { parseArgs } from 'node:util';
import { bytesOf, linesOf } from '../../test/tools/proof/builders.ts';
import { liveDose } from '../../test/tools/proof/live/dose.ts';
import { type LiveTamperingName, liveTamperings } from '../../test/tools/proof/live/tamperings.ts';
import { copyOf, liveWorld } from '../../test/tools/proof/live/world.ts';
import { randomLog, seeded, type TamperingName, tamper } from '../../test/tools/proof/tampering.ts';
import { verifyStores } from '../proof/live/liveCheck.ts';
import { verifyBytes } from '../proof/verify.ts';

const help = `Usage: npm run bench -- tamper [--scale N] [--seed N] [--only bundles|live]

  --scale N   part of the full dose, such as 0.02 (default 1)
  --seed N    of what is random (default 1)
  --only X    tamper with exported bundles alone, or with the stores of a deployment alone`;

const { values } = parseArgs({
  options: {
    help: { type: 'boolean' },
    scale: { type: 'string', default: '1' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string', default: '' },
  },
});
const scale = Number(values.scale);
if (values.help || !(scale > 0) || !['', 'bundles', 'live'].includes(values.only)) {
  console.log(help);
  process.exit(values.help ? 0 : 2);
}
const random = seeded(Number(values.seed));
const times = (count: number): number => Math.max(1, Math.round(count * scale));

const doses: readonly [TamperingName, number][] = [
  ['bit flip', 2_000],
  ['deletion', 500],
  ['insertion', 500],
  ['swap', 500],
  ['tail truncation', 200],
  ['rehashed edit', 200],
  ['rehashed rewrite', 100],
  ['move to another account', 100],
  ['rolled-back state', 50],
];

/** Of each kind, with the stores of a deployment. */
const liveDoseFull = 50;
const liveCleanFull = 200;
/** Small deployments of different pasts; the rows of the last have expired. */
const livePasts = [{ seed: 101 }, { seed: 102, accounts: 3, payments: 20 }, { seed: 103, hotDays: 4 }];

const isGood = [
  ...(values.only === 'live' ? [] : [await tamperWithBundles()]),
  ...(values.only === 'bundles' ? [] : [await tamperWithStores()]),
].every(Boolean);
process.exitCode = isGood ? 0 : 1;

async function tamperWithBundles(): Promise<boolean> {
  const log = await randomLog(100, times(10_000), 6, random);
  let isGood = true;
  console.log('tampering                  covered  detected  named  | after the last checkpoint  detected | false alarms');
  for (const [name, count] of doses) {
    const tally = await tamper(log, name, times(count), random);
    isGood &&= tally.detected === tally.covered && tally.named === tally.covered && tally.falseAlarms === 0;
    const cells = [tally.covered, tally.detected, tally.named].map((value) => String(value).padStart(8)).join(' ');
    console.log(
      `${name.padEnd(24)} ${cells}  | ${String(tally.uncovered).padStart(25)} ${String(tally.uncoveredDetected).padStart(9)} | ${tally.falseAlarms}`,
    );
  }

  let falseAlarms = 0;
  const cleanCount = times(1_000);
  for (let i = 0; i < cleanCount; i++) {
    const clean = await randomLog(1 + random(12), 200, 1 + random(5), random);
    const scope = random(2) === 0 ? ({ kind: 'chains' } as const) : ({ kind: 'range', from: null, to: null } as const);
    const report = await verifyBytes(bytesOf(await linesOf(clean, scope)), { publicKey: clean.signer.publicKey });
    if (report.exitCode !== 0) falseAlarms++;
  }
  console.log(`${cleanCount} clean logs: ${falseAlarms} false alarms`);
  return isGood && falseAlarms === 0;
}

async function tamperWithStores(): Promise<boolean> {
  const worlds = [];
  for (const past of livePasts) worlds.push(await liveWorld({ ...past, seed: past.seed + Number(values.seed) }));
  let isGood = true;
  console.log('');
  console.log('done to the stores of a deployment, then aegis verify --live                done  detected  named');
  for (const name of Object.keys(liveTamperings) as LiveTamperingName[]) {
    const { done, detected, named } = await liveDose(worlds, name, times(liveDoseFull), random);
    isGood &&= detected === done && named === done;
    const cells = [done, detected, named].map((value, i) => String(value).padStart([5, 9, 6][i]!)).join(' ');
    console.log(`${name.padEnd(74)} ${cells}`);
  }
  let findings = 0;
  const cleanCount = times(liveCleanFull);
  for (let i = 0; i < cleanCount; i++) {
    const copy = await copyOf(worlds[i % worlds.length]!);
    const of = 1 + random(3);
    const report = await verifyStores(copy, { share: { number: 1 + random(of), of } });
    if (report.exitCode !== 0) findings++;
  }
  console.log(`${cleanCount} untouched deployments, whole or a share: ${findings} false alarms`);
  return isGood && findings === 0;
}
