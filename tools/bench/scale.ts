import { parseArgs } from 'node:util';
import { settingsOf } from '../../infra/settings.ts';
import { type LimitName, limits } from './limits.ts';

/**
 * What breaks first from 1 to 50,000 payments a second: arithmetic on the published limits, and a simulation, second by second, of the
 * published ramp from queue to function; nothing here is measured. A step of load arrives at once and stays.
 */
const help = `Usage: npm run bench -- scale [--json] [--batch-ms N] [--project-ms N] [--minutes N] [--limits]

  --batch-ms N     time the score function takes for a batch of the queue (default 60)
  --project-ms N   time the project function takes for a batch of the stream (default 400)
  --minutes N      how long a step of load lasts (default 10)
  --limits         the published limits it computes with, and where they stand`;

const { values } = parseArgs({
  options: {
    json: { type: 'boolean' },
    'batch-ms': { type: 'string' },
    'project-ms': { type: 'string' },
    minutes: { type: 'string' },
    limits: { type: 'boolean' },
    help: { type: 'boolean' },
  },
});
if (values.help) {
  console.log(help);
  process.exit(0);
}
if (values.limits) {
  for (const [name, { value, unit, switch: change, source, date }] of Object.entries(limits))
    console.log(`${name.padEnd(22)} ${String(value).padStart(8)} ${unit}; ${change}; ${source}, ${date}`);
  process.exit(0);
}
const batchMs = Number(values['batch-ms'] ?? 60);
const projectMs = Number(values['project-ms'] ?? 400);
const seconds = Number(values.minutes ?? 10) * 60;
const settings = settingsOf('prod');

/** Write units of a decision: its transaction, its state alone, and what is projected (`npm run aegis -- cost` meters them). */
const units = { transaction: 6, state: 2, projected: 0.5 } as const;
/** Items that a decision changes: state, decision, audit entry. */
const streamRecordsPerDecision = 3;
/** Of the counter of a tenant and minute, which every batch of the stream adds to. */
const counterUnitsPerBatch = 1;

interface Need {
  readonly limit: LimitName | 'scoreMaxConcurrency' | 'apiRatePerSecond' | 'queueAgeAlarmSeconds';
  readonly needed: number;
  readonly allowed: number;
  readonly change: string;
}

interface Row {
  readonly perSecond: number;
  readonly writeUnits: number;
  readonly partitions: number;
  readonly scoreConcurrency: number;
  readonly projectPerShard: number;
  readonly oldestSeconds: number;
  /** The same with `scoreMaxConcurrency` out of the way: what the ramp alone costs. */
  readonly oldestByRampSeconds: number;
  readonly drainedAfterSeconds: number | null;
  /** The most used first; above 1 it breaks. */
  readonly needs: readonly (Need & { readonly used: number })[];
}

/** The queue under a load that arrives at once: age of the oldest message at its worst, and when it was empty again. */
const queueUnder = (perSecond: number, concurrencyMax: number): Pick<Row, 'oldestSeconds' | 'drainedAfterSeconds'> => {
  let waiting = 0;
  let oldestSeconds = 0;
  let drainedAfterSeconds: number | null = null;
  for (let second = 0; second < seconds; second++) {
    const ramp = limits.queueFirst.value + (limits.queueRampPerMinute.value / 60) * second;
    const concurrency = Math.min(ramp, limits.queueMost.value, concurrencyMax);
    const rate = (concurrency * settings.scoreBatchSize * 1_000) / batchMs;
    waiting = Math.max(0, waiting + perSecond - rate);
    oldestSeconds = Math.max(oldestSeconds, waiting / rate);
    if (waiting > 0) drainedAfterSeconds = null;
    else drainedAfterSeconds ??= second;
  }
  return { oldestSeconds: Math.round(oldestSeconds), drainedAfterSeconds };
};

const rowOf = (perSecond: number): Row => {
  const scoreConcurrency = Math.ceil((perSecond * batchMs) / 1_000 / settings.scoreBatchSize);
  const writeUnits = Math.round(perSecond * (units.transaction + units.projected));
  const partitions = Math.max(1, Math.ceil(writeUnits / limits.partitionWrites.value));
  const recordsPerShard = (perSecond * streamRecordsPerDecision) / partitions;
  const projectPerShard = (recordsPerShard / settings.projectBatchSize) * (projectMs / 1_000);
  const streamBatches = Math.max((perSecond * streamRecordsPerDecision) / settings.projectBatchSize, 0);
  const queue = queueUnder(perSecond, settings.scoreMaxConcurrency);
  const published = (limit: LimitName, needed: number): Need => ({
    limit,
    needed,
    allowed: limits[limit].value,
    change: limits[limit].switch,
  });
  const needs: Need[] = [
    {
      limit: 'apiRatePerSecond',
      needed: perSecond,
      allowed: settings.apiRatePerSecond,
      change: 'raise apiRatePerSecond and apiBurst, or send batches of up to 500, or straight to the queue',
    },
    {
      limit: 'scoreMaxConcurrency',
      needed: scoreConcurrency,
      allowed: settings.scoreMaxConcurrency,
      change: `raise scoreMaxConcurrency to ${scoreConcurrency}`,
    },
    {
      limit: 'queueAgeAlarmSeconds',
      needed: queue.oldestSeconds,
      allowed: settings.queueAgeAlarmSeconds,
      change: 'the alarm tells of it: raise what stands above, or take the step more slowly',
    },
    published('apiPerSecond', perSecond),
    published('functionConcurrency', scoreConcurrency + partitions),
    published('queueMost', scoreConcurrency),
    published('tableAtOnce', writeUnits),
    published('tableWrites', writeUnits),
    published('streamShardBatches', projectPerShard),
    published('itemWrites', streamBatches * counterUnitsPerBatch),
  ];
  return {
    perSecond,
    writeUnits,
    partitions,
    scoreConcurrency,
    projectPerShard: Number(projectPerShard.toFixed(2)),
    ...queue,
    oldestByRampSeconds: queueUnder(perSecond, limits.queueMost.value).oldestSeconds,
    needs: needs
      .map((need) => ({ ...need, used: Number((need.needed / need.allowed).toFixed(2)) }))
      .toSorted((a, b) => b.used - a.used),
  };
};

const rows = [1, 10, 100, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000].map(rowOf);
const hotAccountPerSecond = limits.itemWrites.value / units.state;

if (values.json) console.log(JSON.stringify({ batchMs, projectMs, seconds, hotAccountPerSecond, limits, rows }));
else {
  console.log(
    `computed from published limits, not measured: ${batchMs} ms a batch of ${settings.scoreBatchSize}, ${projectMs} ms a batch of the stream, settings of prod, each load for ${seconds} s from a standing start`,
  );
  console.log('payments/s  write units/s  partitions  score at once  stream busy  oldest s  by ramp alone  queue empty after s');
  for (const row of rows) {
    const cell = (value: unknown, width: number): string => String(value ?? 'never').padStart(width);
    console.log(
      `${cell(row.perSecond, 10)} ${cell(row.writeUnits, 14)} ${cell(row.partitions, 11)} ${cell(row.scoreConcurrency, 14)} ${cell(`${Math.round(row.projectPerShard * 100)} %`, 12)} ${cell(row.oldestSeconds, 9)} ${cell(row.oldestByRampSeconds, 14)} ${cell(row.drainedAfterSeconds, 20)}`,
    );
    const broken = row.needs.filter(({ used }) => used > 1);
    const shown = broken.length > 0 ? broken : row.needs.slice(0, 1);
    for (const { limit, needed, allowed, used, change } of shown)
      console.log(
        `             ${used > 1 ? '-' : 'next:'} ${limit}: ${Math.round(needed * 100) / 100} of ${allowed}${used > 1 ? `: ${change}` : ` (${Math.round(used * 100)} %)`}`,
      );
  }
  console.log(
    `one account: at most ${hotAccountPerSecond} commits a second, its state being one item; payments of it in one batch share a commit`,
  );
}
