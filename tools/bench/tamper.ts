/**
 * The tamper test at full size: `node tools/bench/tamper.ts [--scale 1]`. Prints what was done to a log of 10,000 entries and what the verifier
 * found; exit code 1 when something owed was missed or something clean accused.
 */
import { parseArgs } from 'node:util';
import { bytesOf, linesOf } from '../../test/tools/proof/builders.ts';
import { randomLog, seeded, type TamperingName, tamper } from '../../test/tools/proof/tampering.ts';
import { verifyBytes } from '../proof/verify.ts';

const { values } = parseArgs({ options: { scale: { type: 'string', default: '1' }, seed: { type: 'string', default: '1' } } });
const scale = Number(values.scale);
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
process.exitCode = isGood && falseAlarms === 0 ? 0 : 1;
