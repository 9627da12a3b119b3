import type { LiveReport } from '../proof/live/liveReport.ts';
import type { VerifyReport } from '../proof/verifyReport.ts';

const othersShown = 9;
const causesShown = 5;

/** The report for people: the verdict first, then why, then what it does not cover. */
export const describe = (report: VerifyReport | LiveReport, isOwed = false): string => {
  const { verdict, findings, checkpoints, keyIds, isKeyGiven, unreadable } = report;
  const lines = [headline(report)];
  const [first, ...others] = findings;
  if (first) lines.push(`first: ${placeOf(first)}${first.text}`);
  for (const finding of others.slice(0, othersShown)) lines.push(`also:  ${placeOf(finding)}${finding.text}`);
  if (others.length > othersShown) lines.push(`and ${others.length - othersShown} more`);
  if (unreadable !== null) lines.push(unreadable);
  if (verdict === 'unreadable') return lines.join('\n');
  lines.push(`read: ${counted(report.entries, 'entry', 'entries')} in ${counted(report.chains, 'chain', 'chains')}`);
  const { last } = checkpoints;
  lines.push(
    last === null
      ? 'no checkpoint: the chains are consistent, but whoever can write the whole history could have replaced them'
      : `checkpoints ${checkpoints.first!.number} to ${last.number}, the last of ${last.at}, hash ${last.hash}`,
  );
  lines.push(...coverage(report, isOwed), ...sweepCaveat(report));
  if ('live' in report) lines.push(...liveLines(report));
  if (keyIds.length > 0) {
    lines.push(
      `signed by key ${keyIds.join(', then ')}${isKeyGiven ? '' : ` - taken from the ${'live' in report ? 'stores' : 'bundle'} itself: compare it, or give --key`}`,
    );
  }
  return lines.join('\n');
};

/** What no checkpoint holds is not called intact. */
const headline = ({ verdict, uncoveredEntries, entries }: VerifyReport): string => {
  if (verdict === 'tampered') return 'TAMPERED';
  if (verdict === 'unreadable') return 'UNREADABLE';
  if (uncoveredEntries === 0) return 'INTACT';
  return `INTACT AS FAR AS COVERED: ${uncoveredEntries} of ${counted(entries, 'entry', 'entries')} ${uncoveredEntries === 1 ? 'is' : 'are'} not yet covered by a checkpoint`;
};

const placeOf = ({ line }: { readonly line: number | null }): string => (line === null ? '' : `line ${line}: `);

const coverage = ({ uncoveredEntries }: VerifyReport, isOwed: boolean): string[] => {
  if (uncoveredEntries === 0) return [];
  return [
    `not covered by a checkpoint: ${counted(uncoveredEntries, 'entry', 'entries')} after the last checkpoint of the chain; only the chain protects them, so they could be rewritten or cut off`,
    ...(isOwed ? ['FAILED: a checkpoint is required for every entry'] : []),
  ];
};

const sweepCaveat = ({ sweep }: VerifyReport): string[] => {
  if (sweep === null) return [];
  const { shares, covered, findings } = sweep;
  const found =
    findings === 0 ? [] : [`the sweep recorded ${counted(findings, 'finding', 'findings')}: look with aegis verify --live`];
  if (shares > 0 && covered === shares) return found;
  const shown = shares === 0 ? 'do not record a sweep' : `show ${covered} of ${shares} shares swept`;
  return [
    `chains may be missing: the checkpoints ${shown} within 7 days before the last of them, so a chain whose head was lost before any checkpoint held it would not be here`,
    ...found,
  ];
};

const liveLines = ({ live, entries }: LiveReport): string[] => {
  const { share, compared, notCompared, cost } = live;
  const kinds = Object.entries(compared).filter(([, count]) => count > 0);
  const lines = [
    share.of === 1 ? 'share: the whole table' : `share: ${share.number} of ${share.of}; the verdict is of this share alone`,
    `compared: ${kinds.map(([kind, count]) => `${count} ${wordsOf(kind)}`).join(', ') || 'nothing'}`,
    ...notCompared
      .slice(0, causesShown)
      .map(({ cause, count, example }) => `not compared, ${count} times: ${cause} (the first: ${example})`),
  ];
  if (notCompared.length > causesShown) lines.push(`and ${notCompared.length - causesShown} more causes`);
  const { tableCalls, tableItems, objectCalls, objectBytes, processorMs } = cost;
  const perMillion = entries === 0 ? '' : `, ${((processorMs / entries) * 1_000).toFixed(0)} s for a million entries`;
  lines.push(
    `cost: ${tableCalls} calls of the table for ${tableItems} items, ${objectCalls} calls of the buckets for ${(objectBytes / 1e6).toFixed(1)} MB, ${(processorMs / 1_000).toFixed(1)} s of processor time${perMillion}`,
  );
  return lines;
};

/** `listEntries` reads `list entries`. */
const wordsOf = (name: string): string => name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);

const counted = (count: number, one: string, many: string): string => `${count} ${count === 1 ? one : many}`;
