import { type ChildProcess, fork } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import canonicalize from 'canonicalize';
import { dynamoTable } from '../../shared/adapters/aws/table.ts';
import type { Wire } from '../../shared/contract/wire.ts';
import { zeroHash } from '../../shared/domain/audit.ts';
import { seededRandom } from '../../shared/store/random.ts';
import { moveMessages } from '../aws/redrive.ts';
import { StillUndecided, waitUntilDecided } from '../cli/decided.ts';
import { emulatorCredentials, emulatorRegion } from '../local/emulatorConnection.ts';
import { descendantsOf, gone, killTree, signal } from './processes.ts';

/**
 * Kills the local stack by SIGKILL under load, again and again, on one data folder: the runner (the SQS and S3 emulator is a thread of
 * it), the DynamoDB emulator, or both. Callers repeat what was not acknowledged, as callers must. A message that was under way at five
 * kills is among the dead letters, as it would be on AWS: they are put back, as the alarm asks for. At the end: everything accepted is
 * decided once, each chain verifies by nothing but its entries, feed and counters show each decision once. Exit 1 otherwise.
 */
const help = `Usage: npm run bench -- kill [--times N] [--seed N] [--json]

  --times N   kills (default 10; the full dose is 100)
  --seed N    of when it is killed (default 1)`;

const clients = 8;
const accounts = 40;
/** Payments acknowledged in one life before its end. */
const acknowledged = { least: 5, most: 120 };
/** The end comes after this at the latest. */
const loadMsMax = 10_000;
/** How long the runner lives on without its table. */
const withoutTableMs = 200;
/** Payments of one life, so that the last lives are as long as the first. */
const paymentsMax = 400;
const batchRows = 10;
/** Of the last repeat. */
const repeatRows = 100;
/** Before a caller that was not answered goes on. */
const pauseMs = 100;
const startMsMax = 300_000;
const settleMsMax = 600_000;
const settlePauseMs = 1_000;
const pageRows = 200;
const victims = ['runner', 'emulator', 'both'] as const;

const { values } = parseArgs({
  options: { times: { type: 'string' }, seed: { type: 'string' }, json: { type: 'boolean' }, help: { type: 'boolean' } },
});
if (values.help) {
  console.log(help);
  process.exit(0);
}
const times = Number(values.times ?? 10);
/** After how many payments a kill comes can be repeated, what the stack was doing then cannot. */
const random = seededRandom(Number(values.seed ?? 1)).fraction;

interface Life {
  readonly child: ChildProcess;
  readonly url: string;
  readonly key: string;
  readonly table: string;
  readonly dynamodb: string;
  readonly sqs: string;
  readonly queueUrl: string;
  readonly deadLetterUrl: string;
}

const dataDir = mkdtempSync(join(tmpdir(), 'aegis-kill-'));
const log = createWriteStream(join(dataDir, 'bench.log'));
/** By id, the account of each payment a caller began to send; accepted ones were answered by 202 or 200. */
const begun = new Map<string, string>();
const accepted = new Set<string>();
const occurredAt = new Map<string, string>();
const faults: string[] = [];
const killed: Record<(typeof victims)[number], number> = { runner: 0, emulator: 0, both: 0 };
let acknowledgedBeforeRepeat = 0;
let isProved = false;
let running: Life | null = null;

try {
  for (let life = 1; life <= times; life++) {
    running = await start();
    const victim = victims[(life - 1) % victims.length]!;
    const enough = accepted.size + acknowledged.least + random() * (acknowledged.most - acknowledged.least);
    const startedMs = performance.now();
    const stopping = new AbortController();
    const load = Promise.all(Array.from({ length: clients }, (_, client) => send(running!, life, client, stopping.signal)));
    while (accepted.size < enough && performance.now() - startedMs < loadMsMax) await sleep(1);
    await kill(running, victim, stopping);
    await load;
    killed[victim] += 1;
    console.error(`${life} of ${times}: killed ${victim}; ${accepted.size} of ${begun.size} payments acknowledged`);
  }
  running = await start();
  console.error(`repeats the ${begun.size - accepted.size} that were not acknowledged`);
  await repeatUnacknowledged(running);
  console.error('waits until each is decided, in the feed and counted, and reads all of it');
  const result = await proved(running);
  const exited = once(running.child, 'exit');
  running.child.kill('SIGTERM');
  await exited;
  running = null;
  if (values.json) console.log(JSON.stringify({ times, killed, ...result, faults }));
  else {
    console.log(
      `${times} kills (runner ${killed.runner}, DynamoDB emulator ${killed.emulator}, both ${killed.both}): ${begun.size} payments sent, ${result.acknowledgedBeforeRepeat} of them acknowledged before the last repeat`,
    );
    console.log(
      `${result.redriven} put back from the dead letters; ${result.decided} decided, ${result.entries} entries in ${result.chains} chains, ${result.inFeed} in the feed, ${result.counted} counted`,
    );
    console.log(faults.length === 0 ? 'nothing lost, nothing double, every chain verifies' : faults.slice(0, 20).join('\n'));
  }
  isProved = faults.length === 0;
  if (!isProved) process.exitCode = 1;
} finally {
  if (running !== null) killTree(running.child.pid!);
  log.end();
  if (isProved) rmSync(dataDir, { recursive: true, force: true });
  else console.error(`what was found, and the logs: ${dataDir}`);
}

async function start(): Promise<Life> {
  const child = fork(fileURLToPath(new URL('./killStack.ts', import.meta.url)), [join(dataDir, 'stack')], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  child.stdout!.pipe(log, { end: false });
  let said = '';
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    said = `${said}${text}`.slice(-2_000);
    log.write(text);
  });
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`the local stack ended with ${code}: ${said}`);
  });
  const late = sleep(startMsMax, undefined, { ref: false }).then(() => {
    throw new Error(`the local stack was not ready within ${startMsMax} ms: ${said}`);
  });
  const [where] = (await Promise.race([once(child, 'message'), ended, late])) as [Omit<Life, 'child'>];
  ended.catch(() => undefined);
  late.catch(() => undefined);
  return { child, ...where };
}

/** One caller: single payments, batches and decisions in the call, until the stack is gone. */
async function send(life: Life, number: number, client: number, signal: AbortSignal): Promise<void> {
  for (let n = 0; n < paymentsMax / clients && !signal.aborted; n++) {
    const way = (n + client) % 4;
    const ids = Array.from({ length: way === 0 ? batchRows : 1 }, (_, i) => `k${number}-${client}-${n}-${i}`);
    for (const id of ids) begun.set(id, `kill-${Math.floor(random() * accounts)}`);
    const taken = await post(life, way === 1 ? '/decisions' : way === 0 ? '/transactions/batch' : '/transactions', ids);
    if (!taken) await sleep(pauseMs);
  }
}

/** A repeat has the same content: the time is of the first try. */
function paymentOf(transactionId: string) {
  const time = occurredAt.get(transactionId) ?? new Date().toISOString();
  occurredAt.set(transactionId, time);
  return {
    transactionId,
    userId: 'u1',
    accountId: begun.get(transactionId)!,
    occurredAt: time,
    amountMinor: 50_000,
    currency: 'INR',
    deviceId: 'd1',
  };
}

/** Whether all of them were acknowledged. An answer that says anything but yes or "again" is a fault. */
async function post(life: Life, path: string, ids: readonly string[]): Promise<boolean> {
  const isBatch = path.endsWith('/batch');
  try {
    const answer = await fetch(`${life.url}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${life.key}`, 'content-type': 'application/json' },
      body: JSON.stringify(isBatch ? { transactions: ids.map(paymentOf) } : paymentOf(ids[0]!)),
    });
    const body = (await answer.json()) as Partial<Wire<'BatchResult'>>;
    if (answer.ok) {
      const taken = isBatch
        ? body.results!.flatMap(({ status, transactionId }) =>
            status === 'QUEUED' && transactionId !== null ? [transactionId] : [],
          )
        : ids;
      for (const id of taken) accepted.add(id);
      return taken.length === ids.length;
    }
    if (answer.status < 500) faults.push(`${path} answered ${answer.status}: ${JSON.stringify(body).slice(0, 300)}`);
    return false;
  } catch (error) {
    // The connection ends with the stack; whether the payment was taken is not known.
    if (error instanceof TypeError || error instanceof SyntaxError) return false;
    throw error;
  }
}

/** The callers go on until the runner is gone, and through the moment that it lives on without its table. */
async function kill(life: Life, victim: (typeof victims)[number], stopping: AbortController): Promise<void> {
  const exited = once(life.child, 'exit');
  const emulators = descendantsOf(life.child.pid!).filter(({ command }) => command.includes('dynoxide'));
  if (victim !== 'runner') {
    if (emulators.length === 0) throw new Error('the DynamoDB emulator was not found among the processes');
    for (const { pid } of emulators) signal(pid, 'SIGKILL');
  }
  if (victim !== 'emulator') life.child.kill('SIGKILL');
  else {
    // The runner lives on without its table for a moment, then is ended in order and started again, as a person would.
    await sleep(withoutTableMs);
    life.child.kill('SIGTERM');
  }
  stopping.abort();
  await exited;
  // The next life opens the same files.
  await gone(emulators.map(({ pid }) => pid));
}

async function repeatUnacknowledged(life: Life): Promise<void> {
  acknowledgedBeforeRepeat = accepted.size;
  const startedMs = performance.now();
  for (;;) {
    const open = [...begun.keys()].filter((id) => !accepted.has(id)).slice(0, repeatRows);
    if (open.length === 0) return;
    if (performance.now() - startedMs > settleMsMax) throw new Error(`${open[0]} is not taken`);
    if (!(await post(life, '/transactions/batch', open))) await sleep(pauseMs);
  }
}

async function proved(life: Life) {
  const table = dynamoTable({
    table: life.table,
    endpoint: life.dynamodb,
    region: emulatorRegion,
    credentials: emulatorCredentials,
  });
  const ids = [...begun.keys()];
  let redriven = 0;
  let open: readonly string[] = [];
  try {
    const whileWaiting = async (): Promise<void> => {
      redriven += await redrive(life);
    };
    await waitUntilDecided(table, ids, { waitMsMax: settleMsMax, pollMs: settlePauseMs, whileWaiting });
  } catch (error) {
    if (!(error instanceof StillUndecided)) throw error;
    open = error.transactionIds;
  }
  table.close();
  for (const id of open) faults.push(`${id} was accepted and is not decided`);
  life.child.send('projected');
  await once(life.child, 'message');

  const inChains = new Map<string, number>();
  const accountsUsed = new Set(begun.values());
  let entries = 0;
  for (const account of accountsUsed) {
    let previousHash = zeroHash;
    let sequence = 0;
    for await (const { body, hash, inputs } of pages<AuditRow>(life, `/accounts/${account}/audit?userId=u1`)) {
      sequence += 1;
      entries += 1;
      const computed = createHash('sha256').update(canonicalize(body)!).digest('hex');
      if (computed !== hash || body.previousHash !== previousHash || body.sequence !== sequence)
        faults.push(`the chain of ${account} breaks at entry ${sequence}`);
      previousHash = hash;
      const id = inputs?.transactionId ?? body.transactionId ?? '';
      inChains.set(id, (inChains.get(id) ?? 0) + 1);
    }
  }
  const inFeed = new Map<string, number>();
  for await (const { transactionId } of pages<{ readonly transactionId: string }>(life, '/decisions/latest?'))
    inFeed.set(transactionId, (inFeed.get(transactionId) ?? 0) + 1);
  for (const [where, found] of [
    ['in the chains', inChains],
    ['in the feed', inFeed],
  ] as const) {
    for (const id of ids) if (found.get(id) !== 1) faults.push(`${id} is ${found.get(id) ?? 0} times ${where}`);
    for (const id of found.keys()) if (!begun.has(id)) faults.push(`${id} is ${where} and was never sent`);
  }
  const { totals } = (await get(life, '/metrics/overview?minutes=1440')) as Wire<'Overview'>;
  const counted = Object.values(totals).reduce((sum, count) => sum + count, 0);
  if (counted !== ids.length) faults.push(`${counted} are counted, ${ids.length} were sent`);
  return {
    sent: ids.length,
    acknowledgedBeforeRepeat,
    redriven,
    decided: ids.length - open.length,
    entries,
    chains: accountsUsed.size,
    inFeed: [...inFeed.values()].reduce((sum, count) => sum + count, 0),
    counted,
  };
}

/** How many dead letters went back onto the queue. */
async function redrive({ sqs, queueUrl, deadLetterUrl }: Life): Promise<number> {
  const { moved } = await moveMessages({
    endpoint: sqs,
    region: emulatorRegion,
    credentials: emulatorCredentials,
    fromUrl: deadLetterUrl,
    toUrl: queueUrl,
    isWanted: () => true,
  });
  return moved;
}

interface AuditRow {
  readonly body: { readonly sequence: number; readonly previousHash: string; readonly transactionId?: string };
  readonly hash: string;
  readonly inputs: { readonly transactionId?: string } | null;
}

async function get({ url, key }: Life, path: string): Promise<unknown> {
  const answer = await fetch(`${url}${path}`, { headers: { authorization: `Bearer ${key}` } });
  if (answer.status !== 200) throw new Error(`${path} answered ${answer.status}: ${await answer.text()}`);
  return answer.json();
}

async function* pages<Row>(life: Life, path: string): AsyncGenerator<Row> {
  const start = `${path}${path.endsWith('?') ? '' : '&'}limit=${pageRows}`;
  for (let cursor: string | undefined = ''; cursor !== undefined; ) {
    const at: string = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const page = (await get(life, `${start}${at}`)) as { readonly items: readonly Row[]; readonly cursor?: string };
    yield* page.items;
    cursor = page.cursor;
  }
}
