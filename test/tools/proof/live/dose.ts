import { verifyStores } from '../../../../tools/proof/live/liveCheck.ts';
import type { LiveReport } from '../../../../tools/proof/live/liveReport.ts';
import type { Random } from '../tampering.ts';
import type { Owed } from './owed.ts';
import { type LiveTamperingName, liveTamperings } from './tamperings.ts';
import { copyOf, type LiveWorld } from './world.ts';

export interface LiveTally {
  readonly name: LiveTamperingName;
  readonly done: number;
  readonly detected: number;
  /** Detected, with a finding of the kind at the place. */
  readonly named: number;
}

/** Tampers so many times, each time with a fresh copy of one of the worlds. */
export const liveDose = async (
  worlds: readonly LiveWorld[],
  name: LiveTamperingName,
  count: number,
  random: Random,
): Promise<LiveTally> => {
  let detected = 0;
  let named = 0;
  for (let i = 0; i < count; i++) {
    const copy = await copyOf(worlds[random(worlds.length)]!);
    const owed = await liveTamperings[name](copy, random);
    const report = await verifyStores(copy);
    if (report.exitCode === 1) detected++;
    if (isNamed(report, owed)) named++;
  }
  return { name, done: count, detected, named };
};

export const isNamed = ({ findings }: LiveReport, { kind, chain, sequence, item, text }: Owed): boolean =>
  findings.some(
    (finding) =>
      finding.kind === kind &&
      (chain === undefined || finding.chain === chain) &&
      (sequence === undefined || finding.sequence === sequence) &&
      (item === undefined || finding.item === item) &&
      (text === undefined || finding.text.includes(text)),
  );
