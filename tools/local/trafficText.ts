import { styleText } from 'node:util';
import type { Wire } from '../../shared/contract/wire.ts';
import type { AttackTally, Tally } from '../simulation/tally.ts';
import type { SentPayment } from './sendTraffic.ts';

/** Returns the reason with the most points; null when there is none. */
export const mainReason = (decision: Wire<'Decision'> | null) =>
  decision?.reasons.toSorted((a, b) => b.points - a.points)[0] ?? null;

const colours = { ALLOW: 'green', REVIEW: 'yellow', BLOCK: 'red', UNDECIDED: 'magenta' } as const;

/** Time, account, amount, outcome with its main reason, and the attack it belongs to, for people. */
export const decisionLine = ({ simulated: { transaction, attack }, outcome, decision, fault }: SentPayment): string =>
  [
    transaction.occurredAt.slice(0, 16).replace('T', ' '),
    transaction.accountId.padEnd(12),
    money(transaction.amountMinor, transaction.currency).padStart(14),
    styleText(colours[outcome], outcome.padEnd(6)),
    mainReason(decision)?.text ?? fault ?? '',
    attack === null ? '' : styleText('cyan', `[${attack.name}]`),
  ]
    .join('  ')
    .trimEnd();

/** Minor units as text in the currency's own decimals. */
export const money = (amountMinor: number, currency: string): string => {
  const format = new Intl.NumberFormat('en', { style: 'currency', currency, currencyDisplay: 'code' });
  return format.format(amountMinor / 10 ** (format.resolvedOptions().maximumFractionDigits ?? 2));
};

/** What has come so far: rate, outcomes, false alarms, and per attack the payments caught of those decided. */
export const progressText = ({ sent, outcomes, attacks, falseAlarms, honest }: Tally, elapsedMs: number): string =>
  [
    `-- ${sent} decided, ${((sent * 1_000) / elapsedMs).toFixed(1)}/s: ${counts(outcomes)}; false alarms ${falseAlarms} of ${honest}`,
    ...Object.entries(attacks).map(([name, { caught, missed }]) => `${name} caught ${caught}, missed ${missed}`),
  ].join('; ');

const counts = (outcomes: Tally['outcomes']): string =>
  Object.entries(outcomes)
    .map(([outcome, count]) => `${count} ${outcome}`)
    .join(', ');

/**
 * The figures of a whole run: precision and false alarms of all payments, then recall in a table, one row per attack. An attack has no
 * precision of its own, since a false alarm belongs to no attack.
 */
export const summaryText = (tally: Tally, elapsedMs: number): string => {
  const row = (name: string, { attacks, noticed, noticedBySixth, sent, caught, missed, recall, stopped }: AttackTally) =>
    [
      name.padEnd(20),
      ...[attacks, noticed, noticedBySixth, sent, caught, missed].map((count) => String(count).padStart(8)),
      percent(recall).padStart(9),
      percent(stopped).padStart(9),
    ].join(' ');
  const { caught } = tally.allAttacks;
  return [
    `${tally.sent} sent in ${(elapsedMs / 1_000).toFixed(1)} s (${((tally.sent * 1_000) / elapsedMs).toFixed(1)}/s): ${counts(tally.outcomes)}`,
    `false alarms: ${tally.falseAlarms} of ${tally.honest} honest payments (${percent(tally.falseAlarmShare, 2)})`,
    `precision: ${percent(tally.precision)}; ${caught} of ${caught + tally.falseAlarms} payments in REVIEW or BLOCK belonged to an attack`,
    `${''.padEnd(20)}  attacks  noticed   by 6th payments   caught   missed    recall   stopped`,
    ...Object.entries(tally.attacks).map(([name, attack]) => row(name, attack)),
    row('all attacks', tally.allAttacks),
    'by 6th: noticed by their sixth payment; recall: of all payments of attacks; stopped: of those after the sixth',
  ].join('\n');
};

const percent = (share: number | null, decimals = 1): string => (share === null ? '-' : `${(100 * share).toFixed(decimals)} %`);
