import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { GetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { Wire } from '../../shared/contract/wire.ts';
import { undecided, waitUntilDecided } from '../cli/decided.ts';
import { AlarmWatch, readAlarms } from '../local/alarms.ts';
import { emulatorCredentials, emulatorRegion } from '../local/emulatorConnection.ts';
import { accountId as awsAccountId, createResolver } from '../local/intrinsics.ts';
import { startLocalStack } from '../local/stack.ts';
import { localTemplate } from '../local/template.ts';

/**
 * Many payments through the local stack, then an outage of all that reads the queue and the backlog it leaves. Watched all the while:
 * the memory of the process that holds all functions, and the alarms of the synthesized template. Exit 1 when a payment was lost or
 * decided twice, memory grew by more than the limit after the warm-up, a queue is not empty at the end, an alarm went off during the soak,
 * or none went off for the backlog, or it did not clear.
 */
const help = `Usage: npm run bench -- soak [--decisions N] [--backlog N] [--rounds N] [--json]

  --decisions N   of the soak (default 10000; the full dose is 200000)
  --backlog N     payments that wait for the end of an outage (default 2000; the full dose is 50000; 0: no outage)
  --rounds N      equal parts of the soak; the first quarter is warm-up (default 20)`;

const growthMax = 0.1;
const batchRows = 500;
/** Payments on their way at a time, so that the soak leaves no backlog. */
const undecidedMax = 2_000;
const accounts = 1_000;
const waitMsMax = 900_000;
const getManyMax = 100;
const sampleEveryMs = 1_000;
const checksAtOnce = 16;
/** Of one batch, the first included. */
const postsMax = 10;

const { values } = parseArgs({
  options: {
    decisions: { type: 'string' },
    backlog: { type: 'string' },
    rounds: { type: 'string' },
    json: { type: 'boolean' },
    help: { type: 'boolean' },
  },
});
if (values.help) {
  console.log(help);
  process.exit(0);
}
const rounds = Number(values.rounds ?? 20);
const perRound = Math.ceil(Number(values.decisions ?? 10_000) / rounds);
const backlog = Number(values.backlog ?? 2_000);

const failures: string[] = [];
// Kept on disk, as a table and a bucket are: in memory the emulators' data would grow with every decision.
const dataDir = mkdtempSync(join(tmpdir(), 'aegis-soak-'));
const stack = await startLocalStack({
  dataDir,
  onFailure: (text) => {
    failures.push(text);
    console.error(text);
  },
});
const sqs = new SQSClient({ endpoint: stack.endpoints.sqsAndS3, region: emulatorRegion, credentials: emulatorCredentials });
const authorization = `Bearer ${stack.key}`;

interface Sent {
  readonly id: string;
  readonly atMs: number;
}
/** In the order they were sent; those before `decided` are. */
const sent: Sent[] = [];
let decided = 0;
let serverErrors = 0;
let stopped = false;

const alarms = readAlarms(await localTemplate(), createResolver(await localTemplate(), { sqs: stack.endpoints.sqsAndS3 }));
const watch = new AlarmWatch(alarms);
const alarmed = new Set<string>();
const memoryMb: number[] = [];
const watching = watchUntilStopped();

try {
  const rssByRound: number[] = [];
  const heaps: Readonly<Record<string, number>>[] = [];
  const startedMs = performance.now();
  for (let round = 0; round < rounds; round++) {
    memoryMb.length = 0;
    await send(perRound, `soak-${round}`);
    await allDecided();
    await stack.projected();
    rssByRound.push(median(memoryMb));
    heaps.push(Object.fromEntries(Object.entries(await stack.heapBytes()).map(([name, bytes]) => [name, megabytes(bytes)])));
    const heapText = Object.entries(heaps.at(-1)!)
      .map(([name, mb]) => `${name} ${mb}`)
      .join(', ');
    console.error(`round ${round + 1} of ${rounds}: ${rssByRound.at(-1)} MB; heaps: ${heapText}`);
  }
  const perSecond = Math.round((sent.length * 1_000) / (performance.now() - startedMs));
  const soakAlarms = [...alarmed];

  const outage = backlog > 0 ? await backlogAfterAnOutage() : null;

  const waiting = await messagesLeft();
  const counted = await decisionsCounted();
  const chained = await decisionsInChains();
  const quarter = Math.ceil(rounds / 4);
  const warm = median(rssByRound.slice(quarter, 2 * quarter));
  const growth = median(rssByRound.slice(-quarter)) / warm - 1;
  const result = {
    sent: sent.length,
    counted,
    chained,
    perSecond,
    memoryMb: rssByRound,
    growth: Number(growth.toFixed(3)),
    heapsMb: { warm: heaps[quarter], end: heaps.at(-1) },
    messagesLeft: waiting,
    alarmsDuringSoak: soakAlarms,
    outage,
    failures: failures.length,
  };
  if (values.json) console.log(JSON.stringify(result));
  else {
    console.log(
      `${sent.length} sent, ${counted} counted, ${chained} in the chains, ${waiting} messages left, ${perSecond} a second`,
    );
    console.log(
      `memory ${rssByRound.join(' ')} MB, growth after the warm-up ${(growth * 100).toFixed(1)} % (at most ${growthMax * 100} %)`,
    );
    console.log(`alarms during the soak: ${soakAlarms.join(', ') || 'none'}; ${failures.length} failures`);
    if (outage !== null)
      console.log(
        `outage: ${backlog} waited, QueueAge alarm ${outage.wentOff ? 'went off' : 'did not go off'}, drained in ${outage.drainSeconds} s, ${outage.cleared ? 'cleared' : 'did not clear'}; other alarms: ${outage.others.join(', ') || 'none'}`,
      );
  }
  const good =
    counted === sent.length &&
    chained === sent.length &&
    waiting === 0 &&
    growth <= growthMax &&
    soakAlarms.length === 0 &&
    (outage === null || (outage.wentOff && outage.cleared && outage.others.length === 0));
  if (!good) process.exitCode = 1;
} finally {
  stopped = true;
  await watching;
  sqs.destroy();
  await stack.stop();
  rmSync(dataDir, { recursive: true, force: true });
}

/** Repeats what the API does not confirm, as its callers must: the same ids again are the same payments. */
async function post(transactions: readonly unknown[]): Promise<void> {
  const body = JSON.stringify({ transactions });
  for (let tries = 1; ; tries++) {
    const answer = await fetch(`${stack.url}/transactions/batch`, {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json' },
      body,
    });
    const text = await answer.text();
    if (answer.status === 202 && (JSON.parse(text) as Wire<'BatchResult'>).accepted === transactions.length) return;
    if (answer.status >= 500) serverErrors += 1;
    if ((answer.status !== 503 && answer.status !== 202) || tries >= postsMax)
      throw new Error(`${answer.status}: ${text.slice(0, 500)}`);
    await sleep(sampleEveryMs);
  }
}

async function send(count: number, name: string, undecidedAtMost = undecidedMax): Promise<void> {
  for (let from = 0; from < count; from += batchRows) {
    while (sent.length - decided > undecidedAtMost) await advance();
    const atMs = Date.now();
    const ids = Array.from({ length: Math.min(batchRows, count - from) }, (_, i) => `${name}-${from + i}`);
    await post(
      ids.map((transactionId, i) => ({
        transactionId,
        userId: 'u1',
        accountId: `soak-${(from + i) % accounts}`,
        occurredAt: new Date(atMs).toISOString(),
        amountMinor: 50_000 + i,
        currency: 'INR',
      })),
    );
    for (const id of ids) sent.push({ id, atMs });
  }
}

/** Moves `decided` on; waits a moment when nothing was decided since. */
async function advance(): Promise<void> {
  const some = sent.slice(decided, decided + getManyMax);
  if (some.length === 0) return;
  const [open] = await undecided(
    stack.table,
    some.map(({ id }) => id),
  );
  decided += open === undefined ? some.length : some.findIndex(({ id }) => id === open);
  if (open !== undefined) await sleep(20);
}

async function allDecided(): Promise<void> {
  const ids = sent.slice(decided).map(({ id }) => id);
  await waitUntilDecided(stack.table, ids, { waitMsMax, whileWaiting: advance });
  decided = sent.length;
}

/** Nothing reads the queue until its alarm goes off; then everything is drained and the alarm must clear. */
async function backlogAfterAnOutage() {
  alarmed.clear();
  const age = alarms.find(({ metric }) => metric === 'ApproximateAgeOfOldestMessage')!;
  const inAlarm = (): boolean => watch.states(Date.now()).get(age.name) === 'ALARM';
  const release = await stack.holdQueues();
  await send(backlog, 'backlog', Number.POSITIVE_INFINITY);
  const heldMs = performance.now();
  while (!inAlarm() && performance.now() - heldMs < age.threshold * 1_000 + 2 * age.periodMs) await sleep(sampleEveryMs);
  const wentOff = inAlarm();
  release();
  const releasedMs = performance.now();
  await allDecided();
  const drainSeconds = Math.round((performance.now() - releasedMs) / 1_000);
  await stack.projected();
  const emptyMs = performance.now();
  while (inAlarm() && performance.now() - emptyMs < 2 * age.periodMs) await sleep(sampleEveryMs);
  return { wentOff, drainSeconds, cleared: !inAlarm(), others: [...alarmed].filter((name) => name !== age.name) };
}

/** Feeds the alarms and the memory curve. */
async function watchUntilStopped(): Promise<void> {
  let failuresSeen = 0;
  let serverErrorsSeen = 0;
  const linesSeen = new Map<string, number>();
  while (!stopped) {
    const nowMs = Date.now();
    memoryMb.push(megabytes(process.memoryUsage.rss()));
    const oldest = sent[decided];
    if (oldest !== undefined) watch.put('ApproximateAgeOfOldestMessage', (nowMs - oldest.atMs) / 1_000, nowMs);
    watch.put('Errors', failures.length - failuresSeen, nowMs);
    failuresSeen = failures.length;
    watch.put('5XXError', serverErrors - serverErrorsSeen, nowMs);
    serverErrorsSeen = serverErrors;
    for (const { metric, dimensions } of alarms) {
      if (metric !== 'ApproximateNumberOfMessagesVisible') continue;
      watch.put(metric, (await messagesOn(dimensions.QueueName!)).visible, nowMs, dimensions);
    }
    for (const [metric, value] of ownMetrics(join(stack.dataDir, 'logs', 'checkpoint.log'), linesSeen))
      watch.put(metric, value, nowMs);
    for (const [name, state] of watch.states(nowMs)) {
      if (state !== 'ALARM' || alarmed.has(name)) continue;
      alarmed.add(name);
      console.error(`alarm: ${name}`);
    }
    await sleep(sampleEveryMs);
  }
}

/** Figures of the metric lines that a function has logged since the last look. */
function ownMetrics(file: string, linesSeen: Map<string, number>): [string, number][] {
  let lines: string[];
  try {
    lines = readFileSync(file, 'utf8').split('\n');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  const fresh = lines.slice(linesSeen.get(file) ?? 0, -1);
  linesSeen.set(file, lines.length - 1);
  return fresh
    .filter((line) => line.includes('"_aws"'))
    .flatMap((line) => Object.entries(JSON.parse(line) as Record<string, unknown>))
    .filter((entry): entry is [string, number] => typeof entry[1] === 'number');
}

async function messagesOn(queue: string): Promise<{ readonly visible: number; readonly hidden: number }> {
  const { Attributes = {} } = await sqs.send(
    new GetQueueAttributesCommand({
      QueueUrl: `${stack.endpoints.sqsAndS3}/${awsAccountId}/${queue}`,
      AttributeNames: ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'],
    }),
  );
  return {
    visible: Number(Attributes.ApproximateNumberOfMessages),
    hidden: Number(Attributes.ApproximateNumberOfMessagesNotVisible),
  };
}

/** On every queue that an alarm watches, what is in flight included; waits for the last deletes. */
async function messagesLeft(): Promise<number> {
  const queues = new Set(alarms.flatMap(({ dimensions }) => (dimensions.QueueName === undefined ? [] : [dimensions.QueueName])));
  let left = 0;
  for (let tries = 0; tries < 10; tries++) {
    const counts = await Promise.all([...queues].map(messagesOn));
    left = counts.reduce((sum, { visible, hidden }) => sum + visible + hidden, 0);
    if (left === 0) break;
    await sleep(sampleEveryMs);
  }
  return left;
}

async function get(path: string): Promise<unknown> {
  const answer = await fetch(`${stack.url}${path}`, { headers: { authorization } });
  if (answer.status !== 200) throw new Error(`${path} answered ${answer.status}: ${await answer.text()}`);
  return answer.json();
}

async function decisionsCounted(): Promise<number> {
  const { totals } = (await get('/metrics/overview?minutes=1440')) as Wire<'Overview'>;
  return Object.values(totals).reduce((sum, count) => sum + count, 0);
}

/** Each decision moves its account's sequence on by one: more than were sent means that one was decided twice. */
async function decisionsInChains(): Promise<number> {
  let sum = 0;
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let i = next++; i < accounts; i = next++) {
      const last = await get(`/accounts/soak-${i}/decision?userId=u1`).catch(() => null);
      if (last === null) continue;
      const { transactionId } = last as Wire<'Standing'>;
      const { audit } = (await get(`/decisions/${transactionId}`)) as Wire<'Decision'>;
      sum += audit.sequence;
    }
  };
  await Promise.all(Array.from({ length: checksAtOnce }, worker));
  return sum;
}

function megabytes(bytes: number): number {
  return Math.round(bytes / 1_048_576);
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1] ?? 0;
}
