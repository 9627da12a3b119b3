import { createHash } from 'node:crypto';
import { parseArgs } from 'node:util';
import { prices } from '../../infra/prices.ts';
import { itemSizeBytes } from '../../shared/adapters/memory/itemSize.ts';
import { memoryObjects } from '../../shared/adapters/memory/objects.ts';
import { memoryTable } from '../../shared/adapters/memory/table.ts';
import type { Consumed } from '../../shared/ports/ports.ts';
import { feedRetentionDays, slotMs } from '../../shared/projection/feed.ts';
import { prefixes } from '../../shared/store/names.ts';
import { scanItems } from '../../shared/store/pages.ts';
import { stackOn, startMs } from '../../test/tools/rebuild/world.ts';
import { roundLimits } from '../rebuild/period.ts';
import { rebuildSinks } from '../rebuild/plan.ts';
import { chunkItems, lanes, rebuild } from '../rebuild/rebuild.ts';

/**
 * What `aegis rebuild` costs once the table is large: a sample is lost and restored in memory, its units, bytes and objects are counted,
 * and multiplied. The time is calls times an assumed wait: nothing here is measured on AWS.
 */
const help = `Usage: npm run bench -- rebuild [options]

  --accounts N    accounts in the table (default 1,000,000)
  --entries N     audit entries in the table, one for each payment (default 100,000,000)
  --days N        lost days that are restored (default 1, at most 30: feeds keep no more)
  --years N       over which the entries came (default 1)
  --sample N      payments of the sample (default 2,000)`;

/** Assumptions, typical for a table and a machine in one region. */
const waitMs = { scanPage: 150, write: 12, object: 30 };
const pageBytes = 2 ** 20;
const readUnitBytes = 4_096;

const { values } = parseArgs({
  options: {
    accounts: { type: 'string', default: '1000000' },
    entries: { type: 'string', default: '100000000' },
    days: { type: 'string', default: '1' },
    years: { type: 'string', default: '1' },
    sample: { type: 'string', default: '2000' },
    help: { type: 'boolean' },
  },
});
if (values.help) {
  console.log(help);
  process.exit(0);
}
const [accounts, entries, days, years, sample] = [values.accounts, values.entries, values.days, values.years, values.sample].map(
  Number,
) as [number, number, number, number, number];
if (![accounts, entries, days, years, sample].every((value) => Number.isFinite(value) && value > 0) || days > feedRetentionDays) {
  console.error('every option takes a number above 0; --days at most 30');
  process.exit(2);
}

const lostDecisions = (entries / (365 * years)) * days;
const restored = { readUnits: 0, writeUnits: 0, transactions: 0 };
const consumed = ({ operation, readUnits, writeUnits }: Consumed): void => {
  if (operation !== 'scan') restored.readUnits += readUnits;
  restored.writeUnits += writeUnits;
  if (operation === 'transact') restored.transactions += 1;
};
let isMetered = false;
const stack = await stackOn({
  tableTelling: (onCommitted) => memoryTable({ onCommitted, onConsumed: (one) => isMetered && consumed(one) }),
  archive: memoryObjects(),
  checkpoints: memoryObjects(),
});

// As dense as the year's traffic: one payment every so many milliseconds, a twentieth of them blocked.
const everyMs = Math.max(1, Math.round((365 * years * 86_400_000) / entries));
const everyNthIsBlocked = 20;
stack.lose(true);
for (let i = 0; i < sample; i += 1) {
  stack.advance(everyMs);
  const account = i % Math.max(1, Math.round(sample / 4));
  await stack.pay({
    // Spread over the table as the ids of callers are, so that a round of the rebuild meets payments of every minute.
    transactionId: createHash('sha256').update(String(i)).digest('hex').slice(0, 36),
    userId: `user-${account}`,
    accountId: `account-${account}`,
    occurredAtMs: stack.clock.nowMs(),
    offsetMinutes: 330,
    amountMinor: i % everyNthIsBlocked === 0 ? 3_000_000_000 : 10_000 + i,
    currency: 'INR',
    channel: 'upi',
    deviceId: `device-${account}`,
    merchantId: `merchant-${i % 100}`,
    merchantCategory: '5411',
    ipAddress: null,
    beneficiaryId: null,
    instrumentId: null,
    location: { latitude: 12.97, longitude: 77.59 },
    metadata: null,
  });
}
await stack.deliver();
stack.lose(false);

const items = await Array.fromAsync(scanItems(stack.table, 1_000));
const bytesOf = (prefix: string): number => {
  const sizes = items.filter(({ pk }) => pk.startsWith(prefix)).map(itemSizeBytes);
  return sizes.reduce((sum, size) => sum + size, 0) / Math.max(1, sizes.length);
};
const tableBytes = entries * (bytesOf(prefixes.audit) + bytesOf(prefixes.decision)) + accounts * bytesOf(prefixes.state);

// A round holds a slice of every slot of the period; the sample's rounds hold as many payments of a slot.
const slots = (ms: number): number => Math.max(1, ms / slotMs);
const perSlot = Math.min(lostDecisions, roundLimits.heldItemsMax / 2) / slots(days * 86_400_000);
const heldItemsMax = Math.max(2, Math.round(perSlot * slots(sample * everyMs)));
isMetered = true;
await rebuild(
  stack.rebuilding(),
  { fromMs: startMs, toMs: stack.clock.nowMs() + 1, sinks: new Set(rebuildSinks), resendsWebhooks: false },
  undefined,
  { segments: 1, pageItems: Math.min(1_000, heldItemsMax), pagesPerRound: 1, heldItemsMax },
);
isMetered = false;

const times = lostDecisions / sample;
const scanUnits = (tableBytes / readUnitBytes) * 0.5;
const scanHours = (tableBytes / pageBytes / roundLimits.segments) * (waitMs.scanPage / 3_600_000);
// Of entries and of features, by day; a round holds a slice of each day.
const puts = (2 * lostDecisions) / Math.min(chunkItems, roundLimits.heldItemsMax / 2 / days);
const restoreHours = ((restored.transactions / lanes) * waitMs.write * times + puts * waitMs.object) / 3_600_000;
const row = (label: string, value: string): void => console.log(`${label.padEnd(58)} ${value.padStart(16)}`);
const count = (value: number): string => Math.round(value).toLocaleString('en-US');
console.log(
  `${count(accounts)} accounts, ${count(entries)} entries, ${days} lost of ${365 * years} days: ${count(lostDecisions)} payments to restore\n`,
);
row('table without feeds, GB', (tableBytes / 1e9).toFixed(1));
row('reading it once, read units (eventually consistent)', count(scanUnits));
row(`reading it in ${roundLimits.segments} segments at ${waitMs.scanPage} ms a page of 1 MB, hours`, scanHours.toFixed(1));
row('restoring, write units', count(restored.writeUnits * times));
row('restoring, read units', count(restored.readUnits * times));
row('restoring, objects put', count(puts));
row(`restoring, hours at ${waitMs.write} ms a transaction, ${lanes} at once`, restoreHours.toFixed(1));
for (const { region, date, readUnitsPerMillion, writeUnitsPerMillion, objectPutsPerMillion } of prices) {
  const dollars =
    (scanUnits + restored.readUnits * times) * readUnitsPerMillion +
    restored.writeUnits * times * writeUnitsPerMillion +
    puts * objectPutsPerMillion;
  row(`US dollars, ${region}, list prices of ${date}`, (dollars / 1e6).toFixed(2));
}
