import { parseArgs } from 'node:util';
import { makeCheckpoints } from '../../functions/checkpoint/checkpoint.ts';
import { shareMs } from '../../functions/sweep/place.ts';
import { stretchPagesMax } from '../../functions/sweep/stretch.ts';
import { sweep } from '../../functions/sweep/sweep.ts';
import { prices } from '../../infra/prices.ts';
import { virtualClock } from '../../shared/adapters/memory/clock.ts';
import { memoryObjects } from '../../shared/adapters/memory/objects.ts';
import { memoryTable } from '../../shared/adapters/memory/table.ts';
import { ledgerOf } from '../../shared/deciding/judgement.ts';
import { auditFromItem, isAuditItem } from '../../shared/ledger/items.ts';
import { settle } from '../../shared/ledger/ledger.ts';
import type { TableStore } from '../../shared/ports/ports.ts';
import {
  allFileKey,
  chainIndexLimits,
  formatSignedHeads,
  type SignedHeads,
  signedHead,
  signedHeads,
} from '../../shared/proof/chainIndex.ts';
import { noteHeads } from '../../shared/proof/heads.ts';
import { localSigner, newPrivateKey } from '../../shared/proof/signer.ts';
import { sweepShares } from '../../shared/proof/sweptShares.ts';
import { localMasterSecret } from '../../shared/secrets/masterSecret.ts';
import { seededRandom } from '../../shared/store/random.ts';
import { aTransaction } from '../../test/functions/project/builders.ts';
import { callMs } from './year/latencies.ts';

/** What a whole sweep costs, metered on a small table of the real engine and carried over to a large one; exit code 1 when a share takes longer than its hour. */
const help = `Usage: npm run bench -- sweep [--accounts N] [--payments N] [--region NAME]

  --accounts N   accounts of the table that is asked about (default 1000000)
  --payments N   payments of all of them (default 100000000)
  --region NAME  whose prices count: ${prices.map(({ region }) => region).join(', ')}`;

const { values } = parseArgs({
  options: {
    accounts: { type: 'string', default: '1000000' },
    payments: { type: 'string', default: '100000000' },
    region: { type: 'string', default: prices[0]!.region },
    help: { type: 'boolean' },
  },
});
if (values.help) {
  console.log(help);
  process.exit(0);
}
const price = prices.find(({ region }) => region === values.region);
const [accounts, payments] = [Number(values.accounts), Number(values.payments)];
if (price === undefined || !(accounts >= 1) || !(payments >= accounts)) {
  console.error(help);
  process.exit(2);
}

const hourMs = 3_600_000;
const pageBytes = 2 ** 20;
const readUnitBytes = 4_096;
const memoryGb = 1;

/** Read units and bytes scanned, and keys looked up, of one whole sweep of so many accounts. */
const metered = async (ofAccounts: number, paymentsEach: number) => {
  const used = { scanUnits: 0, lookUpUnits: 0, queryUnits: 0, keys: 0, queries: 0, cpuMs: 0, entries: 0 };
  const table = memoryTable({
    onConsumed: ({ operation, readUnits }) => {
      if (operation === 'scan') used.scanUnits += readUnits;
      else if (operation === 'get') used.lookUpUnits += readUnits;
      else if (operation === 'query') used.queryUnits += readUnits;
    },
  });
  const clock = virtualClock(Date.UTC(2026, 10, 20, 12));
  const randomness = seededRandom(3);
  const masterSecret = localMasterSecret(Buffer.alloc(32, 3).toString('base64'), { table, clock });
  const ledger = ledgerOf({ table, clock, randomness, masterSecret }, async () => ({ model: null, degraded: 'NO_MODEL' }));
  for (let n = 0; n < paymentsEach; n += 1) {
    for (let account = 0; account < ofAccounts; account += 1) {
      const nowMs = clock.nowMs();
      const transaction = aTransaction({
        transactionId: `transaction_${account}_${n}`,
        accountId: `account_${account}`,
        userId: `user_${account}`,
        occurredAtMs: nowMs,
        channel: 'UPI',
        deviceId: `device_${account}`,
        merchantId: `merchant_${n}`,
        location: { latitude: 12.97, longitude: 77.59 },
      });
      const submission = {
        tenant: 'dev',
        transaction,
        receivedAtMs: nowMs,
        correlationId: null,
        queueAgeMs: null,
        redelivered: false,
      };
      await settle(ledger, [submission], nowMs + 10_000);
    }
    clock.advance(hourMs);
  }
  const checkpoints = memoryObjects();
  await noteHeads(table, table.all().filter(isAuditItem).map(auditFromItem));
  await makeCheckpoints({ table, checkpoints, clock, signer: localSigner(newPrivateKey()) });
  Object.assign(used, { scanUnits: 0, lookUpUnits: 0, queryUnits: 0 });
  const counting: TableStore = {
    ...table,
    getMany: (keys, options) => {
      used.keys += keys.length;
      return table.getMany(keys, options);
    },
    query: (query) => {
      used.queries += 1;
      return table.query(query);
    },
  };
  let scanMs = 0;
  const timed: TableStore = {
    ...counting,
    // The table in memory sorts all it holds for each page, which is not the function's time.
    scan: async (options) => {
      const begun = process.cpuUsage();
      const page = await table.scan(options);
      const { user, system } = process.cpuUsage(begun);
      scanMs += (user + system) / 1_000;
      return page;
    },
  };
  const begun = process.cpuUsage();
  let findings = 0;
  for (let share = 0; share < sweepShares; share += 1) {
    const result = await sweep({ table: timed, checkpoints, clock, hotDays: null, log: () => undefined }, clock.nowMs() + hourMs);
    findings += result.findings;
    clock.advance(shareMs);
  }
  const { user, system } = process.cpuUsage(begun);
  used.cpuMs = (user + system) / 1_000 - scanMs;
  if (findings > 0) throw new Error(`the sweep found ${findings} contradictions in an honest table`);
  used.entries = ofAccounts * paymentsEach;
  return used;
};

/** Pages of a small table are never full, and each read counts one unit at least: bytes are told by the difference of two tables. */
const [few, many] = [await metered(100, 10), await metered(100, 30)];
const more = many.entries - few.entries;
const itemBytes = ((many.scanUnits - few.scanUnits) * 2 * readUnitBytes) / more;
const keysPerAccount = many.keys / 100;
const cpuPerEntryMs = Math.max(0, many.cpuMs - few.cpuMs) / more;
const tableBytes = itemBytes * payments;
const pages = tableBytes / pageBytes;
const scanUnits = tableBytes / readUnitBytes / 2;
const lookUps = keysPerAccount * accounts;
/** The index of chains as a step reads it: every shard, of so many accounts, of which the step has met some. */
const readIndex = async () => {
  const { shards, group, groupsOfAll, atOnce } = chainIndexLimits;
  const through = group * groupsOfAll;
  const [table, checkpoints] = [memoryTable(), memoryObjects()];
  await table.put({ pk: 'T#chains', sk: 'THROUGH', through });
  let bytes = 0;
  const random = seededRandom(5);
  for (let shard = 0; shard < shards; shard += 1) {
    const heads: SignedHeads = new Map();
    while (heads.size < accounts / shards) {
      const chain = Buffer.from(random.bytes(16)).toString('base64url');
      heads.set(chain, signedHead(through, { sequence: 100, head: Buffer.from(random.bytes(32)).toString('hex') }));
    }
    const body = await formatSignedHeads(heads);
    bytes += body.length;
    await checkpoints.put(allFileKey(through, shard), body);
  }
  const begun = process.cpuUsage();
  const every = Array.from({ length: shards }, (_, shard) => shard);
  await signedHeads({ table, checkpoints }, every, (chain) => chain < 'B');
  const { user, system } = process.cpuUsage(begun);
  const cpuMs = (user + system) / 1_000;
  return { bytes, cpuMs, ms: (shards / atOnce) * callMs('object get', bytes / shards) + callMs('object list', 0) + cpuMs };
};
const index = await readIndex();
const steps = Math.ceil(pages / sweepShares / stretchPagesMax);
const pageMs = callMs('table scan', pageBytes);
const lookUpMs = callMs('table getMany', 100 * 1_024) / 16;
const shareSeconds =
  ((pages * pageMs + (lookUps / 100) * lookUpMs + payments * cpuPerEntryMs) / sweepShares + steps * index.ms) / 1_000;
const cyclesAMonth = (30 * 24 * hourMs) / (sweepShares * shareMs);
const usd = {
  scan: (scanUnits * price.readUnitsPerMillion) / 1e6,
  lookUps: (lookUps * price.readUnitsPerMillion) / 1e6,
  time: shareSeconds * sweepShares * memoryGb * price.functionGbSecond,
  index: (steps * sweepShares * (chainIndexLimits.shards + 25) * price.objectGetsPerMillion) / 1e6,
};
const sweepUsd = usd.scan + usd.lookUps + usd.time + usd.index;
const rows: readonly (readonly [string, string])[] = [
  ['a payment leaves in the table', `${itemBytes.toFixed(0)} bytes`],
  ['looked up for each account', `${keysPerAccount.toFixed(1)} items`],
  [
    'table',
    `${(tableBytes / 1e9).toFixed(0)} GB, ${accounts.toLocaleString('en')} accounts, ${payments.toLocaleString('en')} payments`,
  ],
  [
    'read units of a whole sweep',
    `${(scanUnits / 1e6).toFixed(1)} million by the scan, ${(lookUps / 1e6).toFixed(1)} million looked up`,
  ],
  ['pages of a share', (pages / sweepShares).toFixed(0)],
  [
    'steps of a share',
    `${steps}, each with the index of chains: ${(index.bytes / 1e6).toFixed(0)} MB in ${(index.ms / 1_000).toFixed(1)} s`,
  ],
  ['time of a share', `${shareSeconds.toFixed(0)} s of its ${shareMs / 1_000} s`],
  ['a whole sweep', `${sweepShares} shares, one an hour: ${((sweepShares * shareMs) / 86_400_000).toFixed(1)} days`],
  ['costs', `$${sweepUsd.toFixed(2)}, $${(sweepUsd * cyclesAMonth).toFixed(2)} a month (${price.region}, ${price.date})`],
];
for (const [name, figure] of rows) console.log(`${name.padEnd(32)} ${figure}`);
process.exit(shareSeconds * 1_000 <= shareMs ? 0 : 1);
