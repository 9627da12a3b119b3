import { parseArgs } from 'node:util';
import { settingsOf } from '../infra/settings.ts';

/**
 * What breaks first from 1 to 50,000 payments a second: a simulation, second by second, of the published ramps and limits; nothing here
 * is measured. A step of load arrives at once and stays; the queue, the function ramp and the partitions answer it.
 */
const help = `Usage: npm run bench -- scale [--json] [--batch-ms N] [--minutes N]

  --batch-ms N   time a function takes for a batch of 10 (default 60)
  --minutes N    how long a step of load lasts (default 10)`;

const { values } = parseArgs({
  options: { json: { type: 'boolean' }, 'batch-ms': { type: 'string' }, minutes: { type: 'string' }, help: { type: 'boolean' } },
});
if (values.help) {
  console.log(help);
  process.exit(0);
}
const batchMs = Number(values['batch-ms'] ?? 60);
const seconds = Number(values.minutes ?? 10) * 60;

/** SQS standard to Lambda: concurrent batches at first, more a minute, at most. */
const ramp = { first: 5, perMinute: 300, most: 1_250 } as const;
/** Of one partition. */
const partition = { writeUnits: 1_000 } as const;
/** A new on-demand table takes this many write units a second at once, and twice its last peak. */
const tableStart = { writeUnits: 4_000 } as const;
const unitsPerDecision = { state: 2, transaction: 6, projected: 0.5 } as const;
/** Quotas of an account before anything is raised. */
const account = { concurrency: 1_000, apiPerSecond: 10_000, tableWriteUnits: 40_000 } as const;
const { scoreMaxConcurrency, scoreBatchSize, queueAgeAlarmSeconds, apiRatePerSecond } = settingsOf('prod');

interface Row {
  readonly perSecond: number;
  readonly concurrencyNeeded: number;
  readonly writeUnitsPerSecond: number;
  readonly partitionsNeeded: number;
  readonly oldestSeconds: number;
  readonly drainedAfterSeconds: number | null;
  readonly limits: readonly string[];
}

/** The queue under a load that arrives at once: age of the oldest message at its worst, and when it was empty again. */
const queueUnder = (perSecond: number, concurrencyMax: number): Pick<Row, 'oldestSeconds' | 'drainedAfterSeconds'> => {
  let waiting = 0;
  let oldestSeconds = 0;
  let drainedAfterSeconds: number | null = null;
  for (let second = 0; second < seconds; second++) {
    const concurrency = Math.min(ramp.first + (ramp.perMinute / 60) * second, ramp.most, concurrencyMax);
    const rate = (concurrency * scoreBatchSize * 1_000) / batchMs;
    waiting = Math.max(0, waiting + perSecond - rate);
    oldestSeconds = Math.max(oldestSeconds, waiting / perSecond);
    if (waiting > 0) drainedAfterSeconds = null;
    else drainedAfterSeconds ??= second;
  }
  return { oldestSeconds: Math.round(oldestSeconds), drainedAfterSeconds };
};

const rows: Row[] = [1, 10, 100, 1_000, 5_000, 10_000, 20_000, 50_000].map((perSecond) => {
  const concurrencyNeeded = Math.ceil((perSecond * batchMs) / 1_000 / scoreBatchSize);
  const writeUnitsPerSecond = Math.round(perSecond * (unitsPerDecision.transaction + unitsPerDecision.projected));
  const queue = queueUnder(perSecond, scoreMaxConcurrency);
  const limits = [
    [perSecond > apiRatePerSecond, `apiRatePerSecond ${apiRatePerSecond}: raise it, or send batches or straight to the queue`],
    [perSecond > account.apiPerSecond, `API quota ${account.apiPerSecond}/s: send batches`],
    [concurrencyNeeded > scoreMaxConcurrency, `scoreMaxConcurrency ${scoreMaxConcurrency}: raise it to ${concurrencyNeeded}`],
    [concurrencyNeeded > account.concurrency, `Lambda quota ${account.concurrency}: ask for more`],
    [concurrencyNeeded > ramp.most, `queue ramp ends at ${ramp.most} batches: shard by several queues`],
    [writeUnitsPerSecond > tableStart.writeUnits, `table takes ${tableStart.writeUnits} units/s at first: warm it up`],
    [writeUnitsPerSecond > account.tableWriteUnits, `table quota ${account.tableWriteUnits} units/s: ask for more`],
    [queue.oldestSeconds > queueAgeAlarmSeconds, `queue older than ${queueAgeAlarmSeconds} s: the alarm goes off`],
  ] as const;
  return {
    perSecond,
    concurrencyNeeded,
    writeUnitsPerSecond,
    partitionsNeeded: Math.ceil(writeUnitsPerSecond / partition.writeUnits),
    ...queue,
    limits: limits.filter(([hit]) => hit).map(([, text]) => text),
  };
});
const hotAccountPerSecond = partition.writeUnits / unitsPerDecision.state;

if (values.json) console.log(JSON.stringify({ batchMs, seconds, hotAccountPerSecond, rows }));
else {
  console.log(
    `simulated, not measured: ${batchMs} ms a batch of ${scoreBatchSize}, each load for ${seconds} s from a standing start`,
  );
  console.log('payments/s  batches at once  write units/s  partitions  oldest s  empty after s');
  for (const row of rows) {
    const cell = (value: unknown, width: number): string => String(value ?? 'never').padStart(width);
    console.log(
      `${cell(row.perSecond, 10)} ${cell(row.concurrencyNeeded, 16)} ${cell(row.writeUnitsPerSecond, 14)} ${cell(row.partitionsNeeded, 11)} ${cell(row.oldestSeconds, 9)} ${cell(row.drainedAfterSeconds, 14)}`,
    );
    for (const limit of row.limits) console.log(`             - ${limit}`);
  }
  console.log(
    `one account: at most ${hotAccountPerSecond} commits a second, its state being one item; payments in a batch share a commit`,
  );
}
